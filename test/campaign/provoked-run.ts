import type { LoadedCell } from '../../config/loaded-cell.ts';
import { createMonitor } from '../../controller/coordination/monitor.ts';
import type { MonitorVerdict } from '../../controller/coordination/monitor.ts';
import type { ArmCommand, ArmEvent, ArmSample } from '../../controller/ports.ts';
import { Guard } from '../../controller/runtime/guard.ts';
import { createReferee } from '../../sim/referee.ts';
import { NO_EXCEPTIONS, PLAY_MONITOR, playSettings } from '../../sim/settings.ts';
import { createWorld } from '../../sim/world.ts';
import type { Measuring, Motion, Provocation } from './provocation.ts';

/** What came of a situation, judged by the referee. */
export interface Outcome {
  readonly contacts: number;
  readonly clearanceMinM: number | null;
  readonly verdicts: readonly MonitorVerdict[];
  /** From the beginning of the motion to the first stop, us; null: nothing was stopped. */
  readonly firstStopUs: number | null;
}

const STEP_US = 10_000;
const LASTS_US = 8_000_000;
/** Measurements go wrong after this, before the arm does what it should not. */
const BEGINS_US = 200_000;

/**
 * Lets two simulated arms do what the situation says. `watched`: the monitor hears what the arms are told, which may
 * not be what they do, and its stops are carried out; after the first one the other arm is stopped on its path, as the
 * core does with the whole cell.
 */
export async function runProvoked(
  loaded: LoadedCell,
  provocation: Provocation,
  how: 'watched' | 'unwatched',
): Promise<Outcome> {
  const { cell, motions } = provocation;
  const settings = { ...playSettings(provocation.seed), rates: NO_EXCEPTIONS };
  const world = createWorld(cell, settings, {
    skus: [],
    containers: [],
    initialPositions: Object.fromEntries(motions.map((motion) => [motion.armId, motion.stands])),
  });
  const urdfOf = new Map(loaded.descriptions.map((each) => [each.armId, each.urdf]));
  const referee = await createReferee(cell, urdfOf);
  const guard = new Guard(createMonitor(cell, loaded.descriptions, PLAY_MONITOR), 20_000);
  const verdicts: MonitorVerdict[] = [];
  let firstStopUs: number | null = null;
  let nowUs = 0;
  let stops = 0;
  const host = (armId: string) => world.armHosts.find((each) => each.armId === armId)!;
  const heardOf = new Map(motions.map((motion) => [motion.armId, new Measured(provocation.measuring)]));
  const hear = (motion: Motion, event: ArmEvent): void => {
    if (event.kind === 'state') {
      const samples = heardOf.get(motion.armId)!;
      // Only the arm that goes wrong is measured badly.
      const sample = motion === motions[1] ? samples.take(event.sample, nowUs) : event.sample;
      if (sample !== null) guard.hear(motion.armId, { kind: 'state', sample }, nowUs);
    } else if (event.kind === 'claimed') {
      guard.hear(motion.armId, { ...event, positions: motion.says }, nowUs);
    } else guard.hear(motion.armId, event, nowUs);
  };
  const tell = (motion: Motion): void => {
    if (motion.does === null) return;
    const submit = (trajectory: typeof motion.does, grantedUntilUs: number): ArmCommand => ({
      kind: 'submit',
      commandId: `go-${motion.armId}`,
      epoch: 1,
      trajectory: trajectory!,
      fromUs: 0,
      grantedUntilUs,
      marksUs: [],
    });
    if (motion.told !== null)
      guard.hearCommand(motion.armId, submit(motion.told, motion.grantedUntilUs), nowUs);
    host(motion.armId).execute(submit(motion.does, motion.doesUntilUs));
  };
  const stop = (armId: string, kind: 'on-path' | 'protective'): void => {
    stops += 1;
    firstStopUs ??= nowUs - BEGINS_US;
    const command: ArmCommand = { kind: 'stop', commandId: `s${stops}`, epoch: 1, stop: kind };
    guard.hearCommand(armId, command, nowUs);
    host(armId).execute(command);
  };
  for (const { armId } of motions) host(armId).execute({ kind: 'claim', commandId: 'c', epoch: 1 });
  while (nowUs < LASTS_US) {
    nowUs += STEP_US;
    if (nowUs === BEGINS_US) motions.forEach(tell);
    world.advanceTo(nowUs);
    referee.observe(world, nowUs);
    for (const motion of motions) for (const event of host(motion.armId).takeEvents()) hear(motion, event);
    if (how === 'unwatched') continue;
    const found = guard.watch(() => null, nowUs);
    if (found.length === 0) continue;
    for (const verdict of found) for (const each of verdict.stops) stop(each.armId, each.stop);
    if (verdicts.length === 0) {
      const told = new Set(found.flatMap((verdict) => verdict.stops.map(({ armId }) => armId)));
      for (const { armId } of motions) if (!told.has(armId)) stop(armId, 'on-path');
    }
    verdicts.push(...found);
  }
  const { contacts, clearanceMinM } = referee.verdict();
  return { contacts, clearanceMinM, verdicts, firstStopUs };
}

/** Delay of late measurements, us. */
const LATE_US = 160_000;

/** Measurements as they reach the monitor. They go wrong before the arm does, or as soon as it moves. */
class Measured {
  readonly #measuring: Measuring;
  readonly #waiting: ArmSample[] = [];
  #moved: ArmSample | null = null;

  constructor(measuring: Measuring) {
    this.#measuring = measuring;
  }

  take(sample: ArmSample, nowUs: number): ArmSample | null {
    switch (this.#measuring) {
      case 'good':
        return sample;
      case 'late':
        this.#waiting.push(sample);
        return this.#waiting[0]!.sampledUs <= nowUs - LATE_US ? this.#waiting.shift()! : null;
      case 'frozen': {
        // A while into the motion the sensor sticks; time and everything else go on.
        const moves = sample.velocities.some((v) => Math.abs(v) > 0.1);
        this.#moved ??= moves ? sample : null;
        if (this.#moved === null) return sample;
        return { ...sample, positions: this.#moved.positions, velocities: this.#moved.velocities };
      }
      case 'silent':
        return nowUs < BEGINS_US - 50_000 ? sample : null;
    }
  }
}
