import type { CellModel } from '../../controller/domain/cell.ts';
import type { CellLayout } from './interface/layout.ts';

/** The part of the cell model that is shown to clients; plain JSON. */
export function describeCell(cell: CellModel): CellLayout {
  return structuredClone({
    cell: cell.name,
    clearanceM: cell.clearanceM,
    arms: cell.arms.map((arm) => ({
      id: arm.id,
      manipulator: arm.manipulator.name,
      X_WB: arm.X_WB,
      joints: arm.manipulator.joints.map(({ name, kind, X_PJ, axis, limits }) => ({
        name,
        kind,
        X_PJ,
        axis,
        lower: limits.lower,
        upper: limits.upper,
      })),
      X_JF: arm.manipulator.X_JF,
      linkCapsules: arm.manipulator.capsules.map(({ joint, p, q, radiusM }) => ({ joint, p, q, radiusM })),
      tool: {
        name: arm.manipulator.tool.name,
        kind: arm.manipulator.tool.kind,
        X_FT: arm.manipulator.tool.X_FT,
        capsules: arm.manipulator.tool.capsules,
      },
      park: arm.park,
    })),
    places: cell.places,
    obstacles: cell.obstacles,
    zones: cell.zones,
  }) as unknown as CellLayout;
}
