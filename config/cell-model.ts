import type { Pose, Vec3 } from '../arms/geometry/pose.ts';
import type { Obstacle } from '../arms/geometry/shape.ts';
import { quaternionFromRpy, unitQuaternion } from '../arms/geometry/transform.ts';
import type { ArmModel, CellModel, Place, PlaceKind, Zone } from '../controller/domain/cell.ts';
import type { PlcModel } from '../controller/domain/permission.ts';
import { boxObstacle, containerObstacles, pedestalObstacle } from './obstacles.ts';
import { exceptionPolicies } from './policies.ts';
import type { CellFile, Fixture } from './schema.ts';
import { microseconds } from './settings.ts';

/** Makes a zone partition of a cell; the cell it gets has none yet. */
export type ZonePartition = (cell: CellModel) => readonly Zone[];

/** The cell model of a valid cell file and its arms. Containers and pedestals become obstacles. */
export function cellModelOf(
  file: CellFile,
  arms: readonly ArmModel[],
  partition: ZonePartition,
  plc: PlcModel,
): CellModel {
  const { storage, order, induct } = file.containers;
  const groups = [
    { kind: 'bin', places: file.bins, container: storage },
    { kind: 'station', places: file.stations, container: order },
    { kind: 'induct', places: file.inducts, container: induct ?? storage },
  ] as const;
  const places = groups.flatMap(({ kind, places, container }) =>
    places.map((place) => placeOf(kind, place, container)),
  );
  const obstacles: Obstacle[] = [];
  if (file.table !== undefined)
    obstacles.push(boxObstacle('table', file.table.size_m, file.table.position_m));
  file.arms.forEach((arm) => {
    if (arm.pedestal === undefined) return;
    const { width_m, height_m, gap_m } = arm.pedestal;
    const size = { widthM: width_m, heightM: height_m, gapM: gap_m };
    obstacles.push(pedestalObstacle(arm.id, arm.base.position_m, size));
  });
  for (const { places, container } of groups) {
    for (const place of places) {
      const { inner_size_m, wall_thickness_m } = container;
      obstacles.push(...containerObstacles(place.id, place.position_m, inner_size_m, wall_thickness_m));
    }
  }
  obstacles.push(...file.fixtures.map(fixtureOf));
  const cell: CellModel = {
    name: file.name,
    clearanceM: file.clearance_m,
    approachM: file.approach_m,
    graspDwellUs: microseconds(file.dwell.grasp_s),
    releaseDwellUs: microseconds(file.dwell.release_s),
    arms,
    places,
    obstacles,
    zones: [],
    logistics: {
      shuttleExchangeUs: microseconds(file.logistics.shuttle_exchange_s),
      shuttleParallel: file.logistics.shuttle_parallel,
      toteExchangeUs: microseconds(file.logistics.tote_exchange_s),
    },
    deadlines: {
      acceptUs: microseconds(file.deadlines.accept_s),
      motionMarginUs: microseconds(file.deadlines.motion_margin_s),
      gripUs: microseconds(file.deadlines.grip_s),
      ioUs: microseconds(file.deadlines.io_s),
      planUs: microseconds(file.deadlines.plan_s),
    },
    policy: file.policy,
    exceptionPolicies: exceptionPolicies(file.exception_policies),
    planCostUs: file.planning.iteration_cost_us,
    fixedTasks: [],
    ...(plc.permissions.length + plc.zones.length === 0 ? {} : { plc }),
  };
  return { ...cell, zones: file.zones.kind === 'automatic' ? partition(cell) : file.zones.zones.map(zoneOf) };
}

/** Pose of something with `position_m` and at most one orientation; upright without one. */
export function poseOfFields(fields: {
  readonly position_m: Vec3;
  readonly rpy_deg?: readonly [number, number, number] | undefined;
  readonly quaternion_xyzw?: readonly [number, number, number, number] | undefined;
}): Pose {
  const positionM = fields.position_m;
  if (fields.quaternion_xyzw !== undefined) {
    return { positionM, quaternionXyzw: unitQuaternion(fields.quaternion_xyzw) };
  }
  const [roll, pitch, yaw] = (fields.rpy_deg ?? [0, 0, 0]).map((degrees) => (degrees * Math.PI) / 180) as [
    number,
    number,
    number,
  ];
  return { positionM, quaternionXyzw: quaternionFromRpy(roll, pitch, yaw) };
}

function placeOf(
  kind: PlaceKind,
  place: CellFile['bins'][number],
  container: CellFile['containers']['storage'],
): Place {
  return {
    id: place.id,
    kind,
    positionM: place.position_m,
    innerSizeM: container.inner_size_m,
    grid: container.grid,
  };
}

function zoneOf(zone: {
  readonly id: string;
  readonly min_m: [number, number];
  readonly max_m: [number, number];
}): Zone {
  return { id: zone.id, minM: zone.min_m, maxM: zone.max_m };
}

/** A fixture as an obstacle in the world. */
export function fixtureOf(fixture: Fixture): Obstacle {
  const X_WO = poseOfFields(fixture);
  switch (fixture.type) {
    case 'box':
      return { id: fixture.id, shape: { type: 'box', sizeM: fixture.size_m }, X_WO };
    case 'sphere':
      return { id: fixture.id, shape: { type: 'sphere', radiusM: fixture.radius_m }, X_WO };
    case 'cylinder':
      return {
        id: fixture.id,
        shape: { type: 'cylinder', radiusM: fixture.radius_m, lengthM: fixture.length_m },
        X_WO,
      };
  }
}
