import type { AcceptanceBench } from '../../../cli/plc/acceptance-bench.ts';
import type { Dialogue } from '../../../protocols/plc/simulated-dialogue.ts';
import type { Publication, Quirk } from '../../../protocols/plc/simulated-plc.ts';

/** A PLC that is wrong in one way, the steps that find it out, and what they have to call it. */
export interface FaultyPlc {
  readonly name: string;
  readonly finding: string;
  readonly steps: readonly string[];
  /** Made anew for every run; the bench is there for what is wrong with the floor. */
  readonly quirk: (bench: AcceptanceBench) => Quirk;
}

const BRING = ['handshake-totes-station-1'];
const JAM = ['handshake-totes-jam'];
const INPUTS = ['inputs-good'];
const CYCLES = ['inputs-cyclic'];
const GUARD = ['permission-guard'];
const GATE = ['zone-gate'];

const signals = (change: (dialogue: Dialogue) => Dialogue): Quirk => ({
  signals: (_, dialogue) => change(dialogue),
});
const input = (
  wanted: string,
  change: (value: boolean | number | string, nowUs: number) => boolean | number | string,
): Quirk => ({
  value: (id, value, nowUs) => (id === wanted ? change(value, nowUs) : value),
});
const isOn = (topic: string, { topic: other }: Publication): boolean => other === topic;

/** Counts from one to the next call: what a PLC with a bad program remembers. */
function counter(): () => number {
  let count = 0;
  return () => (count += 1);
}

export const FAULTY_PLCS: readonly FaultyPlc[] = [
  { name: 'does not hear requests', finding: 'no-answer', steps: BRING, quirk: () => ({ deaf: () => true }) },
  {
    name: 'never comes to an end',
    finding: 'no-done',
    steps: BRING,
    quirk: () => signals((said) => (said.done ? { ...said, done: false, busy: true } : said)),
  },
  {
    name: 'drops busy on the way',
    finding: 'busy-dropped',
    steps: BRING,
    quirk: () => {
      let busySinceUs: number | null = null;
      return {
        signals: (_, said, nowUs) => {
          if (said.busy) busySinceUs ??= nowUs;
          if (!said.busy && !said.done) busySinceUs = null;
          return busySinceUs !== null && nowUs - busySinceUs > 150_000
            ? { ...said, busy: false, done: false }
            : said;
        },
      };
    },
  },
  {
    name: 'does not copy the number',
    finding: 'sequence-wrong',
    steps: BRING,
    quirk: () => signals((said) => ({ ...said, sequence: 0 })),
  },
  {
    name: 'answers with the number before',
    finding: 'sequence-wrong',
    steps: BRING,
    quirk: () => signals((said) => ({ ...said, sequence: Math.max(0, said.sequence - 1) })),
  },
  {
    name: 'keeps busy beside done',
    finding: 'done-and-busy',
    steps: BRING,
    quirk: () => signals((said) => ({ ...said, busy: said.busy || said.done })),
  },
  {
    name: 'says done and fault',
    finding: 'done-and-fault',
    steps: BRING,
    quirk: () => signals((said) => ({ ...said, fault: said.fault || said.done })),
  },
  {
    name: 'does not take done back',
    finding: 'signals-stuck',
    steps: BRING,
    quirk: () => {
      let done = false;
      return signals((said) => {
        done ||= said.done;
        return done ? { ...said, busy: false, done: true } : said;
      });
    },
  },
  {
    name: 'says done to nothing',
    finding: 'signals-unasked',
    steps: BRING,
    quirk: () => {
      let begunUs: number | null = null;
      return {
        signals: (_, said, nowUs) => {
          begunUs ??= nowUs;
          const isEarly = nowUs - begunUs > 2_000_000 ? false : nowUs - begunUs > 100_000;
          return isEarly ? { ...said, done: true } : said;
        },
      };
    },
  },
  {
    name: 'reads another tote',
    finding: 'wrong-tote',
    steps: BRING,
    quirk: () => signals((said) => ({ ...said, tote: said.tote === '' ? '' : 'T-OTHER' })),
  },
  {
    name: 'says done without a tote',
    finding: 'tote-missing',
    steps: BRING,
    quirk: () => input('tote-1', () => false),
  },
  {
    name: 'does a request twice',
    finding: 'acts-twice',
    steps: BRING,
    quirk: ({ floor }) => {
      const doing = counter();
      return signals((said) => {
        if (said.done && doing() === 1) floor.moves += 1;
        return said;
      });
    },
  },
  {
    name: 'calls a jam done',
    finding: 'fault-not-reported',
    steps: JAM,
    quirk: () => signals((said) => (said.fault ? { ...said, fault: false, done: true } : said)),
  },
  {
    name: 'has the guard the wrong way round',
    finding: 'permission-inverted',
    steps: GUARD,
    quirk: () => input('guard', (value) => value !== true),
  },
  {
    name: 'has a bridged guard',
    finding: 'permission-stuck',
    steps: GUARD,
    quirk: () => input('guard', () => true),
  },
  {
    name: 'is slow to say that the guard is open',
    finding: 'permission-slow',
    steps: GUARD,
    quirk: () => {
      let openUs: number | null = null;
      return input('guard', (value, nowUs) => {
        openUs = value === false ? (openUs ?? nowUs) : null;
        return value === false && nowUs - openUs! < 1_500_000 ? true : value;
      });
    },
  },
  {
    name: 'does not send the state of the conveyor',
    finding: 'goes-stale',
    steps: INPUTS,
    quirk: () => ({
      sent: (publication) => (isOn('plc/conveyor/state', publication) ? [] : [{ publication, delayUs: 0 }]),
    }),
  },
  {
    name: 'writes booleans as text',
    finding: 'bad-value',
    steps: INPUTS,
    quirk: () => ({ written: (id, value) => (id === 'running' ? String(value) : value) }),
  },
  {
    name: 'leaves a field out',
    finding: 'bad-value',
    steps: INPUTS,
    quirk: () => ({ written: (id, value) => (id === 'lane-2-full' ? undefined : value) }),
  },
  {
    name: 'measures in micrometres',
    finding: 'out-of-range',
    steps: INPUTS,
    quirk: () => ({ written: (id, value) => (id === 'scanner' ? Number(value) * 1_000 : value) }),
  },
  {
    name: 'has a guard switch that chatters',
    finding: 'bounces',
    steps: INPUTS,
    quirk: () => input('guard', (value, nowUs) => (Math.floor(nowUs / 30_000) % 2 === 0 ? value : false)),
  },
  {
    name: 'sends on change only',
    finding: 'goes-stale',
    steps: CYCLES,
    quirk: () => {
      const last = new Map<string, string>();
      return {
        sent: (publication) => {
          const text = Buffer.from(publication.payload)
            .toString()
            .replace(/"n":\d+/, '');
          if (last.get(publication.topic) === text) return [];
          last.set(publication.topic, text);
          return [{ publication, delayUs: 0 }];
        },
      };
    },
  },
  {
    name: 'sends in a slow cycle',
    finding: 'cycle-too-slow',
    steps: CYCLES,
    quirk: () => {
      let sentUs = -Infinity;
      return {
        sent: (publication, nowUs) => {
          if (!isOn('plc/conveyor/state', publication)) return [{ publication, delayUs: 0 }];
          if (nowUs - sentUs < 840_000) return [];
          sentUs = nowUs;
          return [{ publication, delayUs: 0 }];
        },
      };
    },
  },
  {
    name: 'publishes its safety inputs with retain',
    finding: 'retained-inputs',
    steps: ['inputs-not-retained'],
    quirk: () => ({
      sent: (publication) => [
        { publication: { ...publication, retain: isOn('plc/conveyor/safety', publication) }, delayUs: 0 },
      ],
    }),
  },
  {
    name: 'has a frozen heartbeat',
    finding: 'heartbeat-frozen',
    steps: CYCLES,
    quirk: () => input('heartbeat', () => 7),
  },
  {
    name: 'has a late heartbeat',
    finding: 'heartbeat-late',
    steps: CYCLES,
    quirk: () => input('heartbeat', (_, nowUs) => Math.floor(nowUs / 850_000) % 1_000),
  },
  {
    name: 'has a heartbeat that jumps',
    finding: 'heartbeat-jumps',
    steps: CYCLES,
    quirk: () => input('heartbeat', (value) => (Number(value) * 37) % 65_536),
  },
  {
    name: 'does not acknowledge the zone',
    finding: 'zone-not-acknowledged',
    steps: GATE,
    quirk: () => input('gate.acknowledge', () => false),
  },
  {
    name: 'keeps the zone',
    finding: 'zone-not-returned',
    steps: GATE,
    quirk: () => {
      let held = false;
      return input('gate.acknowledge', (value) => (held ||= value === true));
    },
  },
];
