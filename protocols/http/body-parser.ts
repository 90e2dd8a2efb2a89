import type { HttpApp } from './app.ts';
import { infiniteFault, REQUEST_SHAPE, shapeFault } from '../bounded-json.ts';
import type { ShapeFault } from '../bounded-json.ts';
import { ProblemError } from './problem.ts';

/** Reads JSON bodies and nothing else; what is wrong with one is said with line and column. */
export function registerBodyParser(app: HttpApp): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = (typeof body === 'string' ? body : body.toString('utf8')).replace(/^\uFEFF/, '');
    if (text.trim() === '') {
      done(invalidBody('The body is empty.', 'Send a JSON object; the OpenAPI document shows its form.'));
      return;
    }
    // Before it is parsed: that loses the first of two fields of one name, and says nothing of it.
    const shape = shapeFault(text, REQUEST_SHAPE, 'the body');
    parse(request, text, (error, value) => {
      const fault = error === null ? (shape ?? infiniteFault(text)) : null;
      if (fault !== null) done(invalidForm(fault));
      else if (error === null) done(null, value);
      else done(invalidBody(whatIsWrong(text), 'Send one well-formed JSON object, encoded as UTF-8.'));
    });
  });
}

function invalidBody(detail: string, remedy: string): ProblemError {
  return new ProblemError({ status: 400, code: 'invalid-json', detail, remedy });
}

function invalidForm({ field, message }: ShapeFault): ProblemError {
  const [detail, remedy] = message.split('; ') as [string, string];
  const subject = field === '' ? '' : `${field} (in the body): `;
  const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
  return invalidBody(field === '' ? sentence(detail) : `${subject}${detail}.`, sentence(remedy));
}

function whatIsWrong(text: string): string {
  try {
    JSON.parse(text);
  } catch (error) {
    // Node 22 names line and column by itself, Node 20 only the position, and neither always.
    const message = String(error instanceof Error ? error.message : error).replace(
      / \(line \d+ column \d+\)/,
      '',
    );
    const offset = /position (\d+)/.exec(message)?.[1];
    if (offset === undefined) return `The body is not JSON: ${message}.`;
    const before = text.slice(0, Number(offset)).split('\n');
    const column = (before[before.length - 1] ?? '').length + 1;
    return `The body is not JSON: ${message} (line ${before.length}, column ${column}).`;
  }
  return 'The body has a field named __proto__ or constructor.prototype, which is not taken.';
}
