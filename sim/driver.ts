import type { ArmDriver, ArmEvent, ArmHost, CellIo, CellIoHost } from '../controller/ports.ts';

/**
 * The controller's side of an arm in the same process: nothing lies between it and the simulated arm. The world has a
 * clock of its own, so a sample is stamped with the controller's last tick before it was taken up.
 */
export function localArmDriver(host: ArmHost): ArmDriver {
  let coreUs: number | null = null;
  return {
    armId: host.armId,
    send: (command) => host.execute(command),
    keepAlive: (nowUs) => {
      coreUs = nowUs;
      host.renewLease();
    },
    takeEvents: () =>
      host.takeEvents().flatMap((event): readonly ArmEvent[] => {
        if (event.kind !== 'state') return [event];
        return coreUs === null ? [] : [{ ...event, sample: { ...event.sample, sampledUs: coreUs } }];
      }),
  };
}

/** The controller's side of the surroundings in the same process. They announce themselves at once. */
export function localCellIo(host: CellIoHost): CellIo {
  host.announce();
  return { send: (request) => host.execute(request), takeEvents: () => host.takeEvents() };
}
