/** Ends a command with a message for a person and an exit code for a script. */
export class CommandFailure extends Error {
  /** 1: it could not be done. 2: what was given (arguments, files) is wrong. */
  readonly exitCode: 1 | 2;

  constructor(message: string, exitCode: 1 | 2) {
    super(message);
    this.exitCode = exitCode;
  }
}
