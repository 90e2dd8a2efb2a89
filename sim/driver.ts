import type { ArmDriver, ArmHost, CellIo, CellIoHost } from '../controller/ports.ts';

/** The controller's side of an arm in the same process: nothing lies between it and the simulated arm. */
export function localArmDriver(host: ArmHost): ArmDriver {
  return {
    armId: host.armId,
    send: (command) => host.execute(command),
    keepAlive: () => host.renewLease(),
    takeEvents: () => host.takeEvents(),
  };
}

/** The controller's side of the surroundings in the same process. They announce themselves at once. */
export function localCellIo(host: CellIoHost): CellIo {
  host.announce();
  return { send: (request) => host.execute(request), takeEvents: () => host.takeEvents() };
}
