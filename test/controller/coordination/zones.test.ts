import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boxBoxSeparation } from '../../../arms/geometry/box-separation.ts';
import { CAPSULE_STRIDE, capsuleBox, capsuleCapsule } from '../../../arms/geometry/distance.ts';
import { seededRandom } from '../../../arms/geometry/random.ts';
import { compileBody, placeBody } from '../../../arms/planning/arm-body.ts';
import type { CarriedItem } from '../../../arms/planning/scene.ts';
import { placeItem, prepareScene } from '../../../arms/planning/scene.ts';
import type { PlanningScene } from '../../../arms/planning/scene.ts';
import { straightPath } from '../../../arms/trajectory/joint-path.ts';
import { sampleTrajectory } from '../../../arms/trajectory/sample-trajectory.ts';
import { timePath } from '../../../arms/trajectory/time-path.ts';
import { openSpace } from '../../../controller/coordination/zone-cover.ts';
import { createZoneTracker, GRAIN_FINE_US } from '../../../controller/coordination/zone-spans.ts';
import { parkZones, partitionZones } from '../../../controller/coordination/zones.ts';
import type { ArmModel, Place } from '../../../controller/domain/cell.ts';
import { shippedArm } from '../../arms/planning/shipped-arm.ts';

const SEED = 20260102;
const manipulator = shippedArm('ur10e');
/** Folded over the base, the tool down. */
const PARK = [0, -1.6, 2.65, 0.8, 1.5708, 0];

/** Two facing pairs 0.9 m apart, five totes between them, four bins behind each pair. */
function fourArms(clearanceM: number): { arms: ArmModel[]; places: Place[]; clearanceM: number } {
  const half = Math.SQRT1_2;
  const arms = [
    [-0.45, -0.7], [-0.45, 0.7], [0.45, -0.7], [0.45, 0.7],
  ].map(([x, y], i): ArmModel => ({
    id: `arm-${i + 1}`,
    manipulator,
    X_WB: { positionM: [x, y, 0], quaternionXyzw: [0, 0, y < 0 ? half : -half, half] },
    park: PARK,
  })); // prettier-ignore
  const place = (id: string, kind: Place['kind'], x: number, y: number, w: number, d: number): Place => ({
    id, kind, positionM: [x, y, -0.23], innerSizeM: [w, d, 0.2], grid: [2, 2],
  }); // prettier-ignore
  const places = [
    ...[-0.8, -0.4, 0, 0.4, 0.8].map((x, i) => place(`tote-${i + 1}`, 'station', x, 0, 0.35, 0.55)),
    ...[-0.9, -0.3, 0.3, 0.9].map((x, i) => place(`bin-${i + 1}`, 'bin', x, -1.3, 0.55, 0.35)),
    ...[-0.9, -0.3, 0.3, 0.9].map((x, i) => place(`bin-${i + 5}`, 'bin', x, 1.3, 0.55, 0.35)),
  ];
  return { arms, places, clearanceM };
}

function zonedCell(
  clearanceM = 0.02,
): ReturnType<typeof fourArms> & { zones: ReturnType<typeof partitionZones> } {
  const layout = fourArms(clearanceM);
  return { ...layout, zones: partitionZones(layout) };
}

const jointAngles = fc.tuple(
  fc.double({ min: -3.1, max: 3.1, noNaN: true }),
  fc.double({ min: -3, max: 0, noNaN: true }),
  fc.double({ min: -2.7, max: 2.7, noNaN: true }),
  fc.double({ min: -3.1, max: 3.1, noNaN: true }),
  fc.double({ min: -3.1, max: 3.1, noNaN: true }),
  fc.constant(0),
);

function sceneOf(arm: ArmModel): PlanningScene {
  return prepareScene({
    manipulator, X_WB: arm.X_WB, obstacles: [], standingArms: [], keepOut: [],
    obstacleMarginM: 0, selfMarginM: 0, armMarginM: 0, keepOutMarginM: 0,
  }); // prettier-ignore
}

/** Exact distance of two arms with what they carry (of two items: a bound that has the right sign). */
function distance(a: PlanningScene, b: PlanningScene): number {
  let least = boxBoxSeparation(a.item, 0, b.item, 0);
  for (let i = 0; i < a.body.capsuleCount; i += 1) {
    for (let j = 0; j < b.body.capsuleCount; j += 1) {
      least = Math.min(
        least,
        capsuleCapsule(a.body.world, i * CAPSULE_STRIDE, b.body.world, j * CAPSULE_STRIDE),
      );
      least = Math.min(least, capsuleBox(b.body.world, j * CAPSULE_STRIDE, a.item, 0));
    }
    least = Math.min(least, capsuleBox(a.body.world, i * CAPSULE_STRIDE, b.item, 0));
  }
  return least;
}

describe('the partition', () => {
  it('has one zone per place and per base, and covers the space without overlap', () => {
    const { zones, places, arms } = zonedCell();
    const ids = zones.map((zone) => zone.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual(
      expect.arrayContaining([...places.map((p) => p.id), ...arms.map((a) => `base-${a.id}`)]),
    );
    const random = seededRandom(SEED);
    for (let i = 0; i < 5_000; i += 1) {
      const [x, y] = [random() * 6 - 3, random() * 6 - 3];
      const holding = zones.filter((z) => x > z.minM[0] && x < z.maxM[0] && y > z.minM[1] && y < z.maxM[1]);
      expect(holding.length).toBe(1);
    }
    for (const place of places) {
      const zone = zones.find((z) => z.id === place.id)!;
      expect(zone.minM[0]).toBeLessThanOrEqual(place.positionM[0] - place.innerSizeM[0] / 2);
      expect(zone.maxM[1]).toBeGreaterThanOrEqual(place.positionM[1] + place.innerSizeM[1] / 2);
    }
  });

  it('lets parked arms hold nothing but the zone of their own base', () => {
    const cell = zonedCell();
    for (const arm of cell.arms) {
      expect(parkZones(cell, arm.id)).toEqual([`base-${arm.id}`]);
      expect(createZoneTracker(cell, arm).permanent).toEqual([`base-${arm.id}`]);
    }
  });

  it('is the same when made again', () => {
    expect(zonedCell().zones).toEqual(zonedCell().zones);
  });
});

describe('space that drawn zones leave open', () => {
  it('is none for the automatic zones', () => {
    const cell = zonedCell();
    expect(openSpace(cell.zones, cell.arms)).toEqual([]);
  });

  it('is covered by zones of its own, without overlap', () => {
    const cell = zonedCell();
    const drawn = cell.zones.filter((_, i) => i % 3 !== 0);
    const all = [...drawn, ...openSpace(drawn, cell.arms)];
    const random = seededRandom(SEED);
    for (let i = 0; i < 5_000; i += 1) {
      const [x, y] = [random() * 5 - 2.5, random() * 5 - 2.5];
      const holding = all.filter((z) => x > z.minM[0] && x < z.maxM[0] && y > z.minM[1] && y < z.maxM[1]);
      expect(holding.length).toBe(1);
    }
  });
});

describe('what arms in disjoint zones keep', () => {
  it.each(['automatic zones', 'zones with holes'])(
    'is the clearance, for any two configurations: %s',
    (which) => {
      const whole = zonedCell(0.05);
      const cell =
        which === 'automatic zones' ? whole : { ...whole, zones: whole.zones.filter((_, i) => i % 3 > 0) };
      const scenes = cell.arms.map(sceneOf);
      const trackers = cell.arms.map((arm) => createZoneTracker(cell, arm));
      let disjoint = 0;
      fc.assert(
        fc.property(
          fc.constantFrom([0, 1], [0, 2], [0, 3], [1, 3]),
          jointAngles,
          jointAngles,
          fc.tuple(...[0, 1, 2].map(() => fc.double({ min: 0.02, max: 0.25, noNaN: true }))),
          ([i, j], q1, q2, size) => {
            const item: CarriedItem = { sizeM: [size[0], size[1], size[2]] };
            const first = trackers[i].at(q1, item);
            const second = new Set(trackers[j].at(q2, item));
            if (first.some((zone) => second.has(zone))) return;
            disjoint += 1;
            placeBody(scenes[i].body, q1, 0);
            placeItem(scenes[i], item);
            placeBody(scenes[j].body, q2, 0);
            placeItem(scenes[j], item);
            expect(distance(scenes[i], scenes[j])).toBeGreaterThanOrEqual(cell.clearanceM - 1e-9);
          },
        ),
        { seed: SEED, numRuns: 1200 },
      );
      // Else the property would hold for want of cases.
      expect(disjoint).toBeGreaterThan(which === 'automatic zones' ? 100 : 20);
    },
  );
});

describe('spans of a motion', () => {
  it('hold every zone touched at any sampled instant, and little more', () => {
    const cell = zonedCell();
    const arm = cell.arms[0];
    const tracker = createZoneTracker(cell, arm);
    const item: CarriedItem = { sizeM: [0.1, 0.08, 0.06] };
    let held = 0;
    let needed = 0;
    fc.assert(
      fc.property(jointAngles, jointAngles, jointAngles, (a, b, c) => {
        const timed = timePath(
          straightPath([a, b, c], { kind: 'stop' }),
          manipulator.joints.map((j) => j.limits),
        );
        if (timed.status !== 'timed') throw new Error(JSON.stringify(timed));
        const spans = tracker.spans(timed.trajectory, item, GRAIN_FINE_US);
        const endUs = timed.trajectory.timesUs.at(-1)!;
        const q = new Array<number>(6).fill(0);
        const touched = new Map<string, [number, number]>();
        for (let t = 0; t <= endUs; t += 2000) {
          sampleTrajectory(timed.trajectory, t, q);
          for (const zoneId of tracker.at(q, item)) {
            const known = touched.get(zoneId);
            touched.set(zoneId, [known?.[0] ?? t, t]);
          }
        }
        for (const [zoneId, [enterUs, leaveUs]] of touched) {
          const span = spans.find((s) => s.zoneId === zoneId);
          expect(span).toBeDefined();
          expect(span!.enterUs).toBeLessThanOrEqual(enterUs);
          expect(span!.leaveUs).toBeGreaterThanOrEqual(leaveUs);
          needed += leaveUs - enterUs;
        }
        held += spans.reduce((sum, s) => sum + s.leaveUs - s.enterUs, 0);
      }),
      { seed: SEED, numRuns: 12 },
    );
    expect(held).toBeLessThan(1.2 * needed);
  });

  it('never misses what a capsule of the body touches', () => {
    // The tracker's plan-view test against the solid one: a capsule inside a zone's prism must be reported.
    const cell = zonedCell();
    const tracker = createZoneTracker(cell, cell.arms[2]);
    const body = compileBody(manipulator, cell.arms[2].X_WB);
    const random = seededRandom(7);
    for (let i = 0; i < 500; i += 1) {
      const q = [random() * 6 - 3, -random() * 3, random() * 4 - 2, random() * 6 - 3, random() * 6 - 3, 0];
      const zones = new Set(tracker.at(q, null));
      placeBody(body, q, 0);
      for (let k = 0; k < body.capsuleCount; k += 1) {
        const [x, y] = [body.world[k * CAPSULE_STRIDE], body.world[k * CAPSULE_STRIDE + 1]];
        const zone = cell.zones.find(
          (z) => x >= z.minM[0] && x <= z.maxM[0] && y >= z.minM[1] && y <= z.maxM[1],
        );
        expect(zones.has(zone!.id)).toBe(true);
      }
    }
  });
});
