import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Vec3 } from '../../../arms/geometry/pose.ts';
import { quaternionFromRpy, pointInPose } from '../../../arms/geometry/transform.ts';
import { convexHull } from '../../../arms/kernel/convex-hull.ts';
import { distanceToAxis } from '../../../arms/model/capsules.ts';
import { capsulesRoundMesh } from '../../../arms/model/mesh-capsules.ts';
import type { TriangleMesh } from '../../../arms/model/mesh.ts';
import { parseMesh } from '../../../arms/model/mesh.ts';
import { parseUrdf } from '../../../arms/model/urdf.ts';

const coordinate = fc.double({ min: -0.3, max: 0.3, noNaN: true });
const cloud = fc.array(fc.tuple(coordinate, coordinate, coordinate), { minLength: 5, maxLength: 30 });
const weights = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 30, maxLength: 30 });

/** A binary STL file of a mesh. */
function stl({ triangles }: TriangleMesh): Uint8Array {
  const bytes = new Uint8Array(84 + 50 * triangles.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(80, triangles.length, true);
  triangles.forEach((corners, k) =>
    corners.flat().forEach((value, i) => view.setFloat32(84 + 50 * k + 12 + 4 * i, value, true)),
  );
  return bytes;
}

function boxMesh(x: number, y: number, z: number): TriangleMesh {
  const corners = [-1, 1].flatMap((a) =>
    [-1, 1].flatMap((b) => [-1, 1].map((c): Vec3 => [(a * x) / 2, (b * y) / 2, (c * z) / 2])),
  );
  const hull = convexHull(corners);
  if (hull === null) throw new Error('flat');
  return hull;
}

function isInside(capsules: ReturnType<typeof capsulesRoundMesh>, point: Vec3): boolean {
  return capsules.some((capsule) => distanceToAxis(capsule, point) <= capsule.radiusM + 1e-7);
}

describe('capsules round a mesh', () => {
  it('hold every point of the solid inside it', () => {
    fc.assert(
      fc.property(cloud, weights, (points, shares) => {
        const hull = convexHull(points as Vec3[]);
        if (hull === null) return;
        const capsules = capsulesRoundMesh(hull);
        for (const corner of hull.triangles.flat()) expect(isInside(capsules, corner)).toBe(true);
        // Any mean of the points lies in the solid.
        const sum = points.reduce((total, _, k) => total + shares[k], 1e-9);
        const mean = [0, 1, 2].map((axis) =>
          points.reduce((total, p, k) => total + (p[axis] * shares[k]) / sum, 0),
        ) as unknown as Vec3;
        if (sum > 0.1) expect(isInside(capsules, mean)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('cut what is bent into pieces, and follow what is long', () => {
    const upright = boxMesh(0.08, 0.08, 0.5).triangles;
    const across = boxMesh(0.5, 0.08, 0.08).triangles.map(
      (corners) => corners.map(([x, y, z]): Vec3 => [x + 0.2, y, z + 0.25]) as [Vec3, Vec3, Vec3],
    );
    const [single] = [capsulesRoundMesh({ triangles: upright })];
    expect(single.length).toBe(1);
    expect(single[0].radiusM).toBeLessThan(0.058);
    const bent = capsulesRoundMesh({ triangles: [...upright, ...across] });
    expect(bent.length).toBeGreaterThan(1);
    for (const corner of [...upright, ...across].flat()) expect(isInside(bent, corner)).toBe(true);
  });
});

describe('a mesh file', () => {
  const mesh = boxMesh(0.1, 0.2, 0.3);

  it('is read from binary STL, text STL and OBJ alike', () => {
    const text = `solid box\n${mesh.triangles.map((t) => `facet normal 0 0 0\nouter loop\n${t.map((p) => `vertex ${p.join(' ')}`).join('\n')}\nendloop\nendfacet`).join('\n')}\nendsolid`;
    const obj = mesh.triangles.map((t, k) => `${t.map((p) => `v ${p.join(' ')}`).join('\n')}\nf ${3 * k + 1}//1 ${3 * k + 2} ${3 * k + 3}`).join('\n'); // prettier-ignore
    const bytes = (content: string): Uint8Array => Uint8Array.from(content, (c) => c.charCodeAt(0));
    for (const [name, content] of [
      ['a.STL', stl(mesh)],
      ['a.stl', bytes(text)],
      ['a.obj', bytes(obj)],
    ] as const) {
      const result = parseMesh(name, content);
      if (result.status !== 'parsed') throw new Error(result.problem);
      expect(result.mesh.triangles.length).toBe(12);
      result.mesh.triangles.flat(2).forEach((value, k) => {
        expect(value).toBeCloseTo(mesh.triangles.flat(2)[k], 6);
      });
    }
    expect(parseMesh('a.dae', bytes('<x/>'))).toMatchObject({ status: 'refused' });
    expect(parseMesh('a.stl', bytes('nothing'))).toMatchObject({ status: 'refused' });
    expect(parseMesh('a.obj', bytes('v 0 0 0\nf 1 2 3'))).toMatchObject({ status: 'refused' });
  });

  it('becomes capsules of its link, scaled and placed as the URDF says', () => {
    const urdf = `<robot name="r"><link name="a"><collision><origin xyz="1 2 3" rpy="0.3 -0.2 1"/><geometry>
      <mesh filename="package://m/box.stl" scale="0.001 0.001 0.002"/></geometry></collision></link></robot>`;
    const big: TriangleMesh = {
      triangles: mesh.triangles.map((t) => t.map(([x, y, z]): Vec3 => [1000 * x, 1000 * y, 500 * z]) as [Vec3, Vec3, Vec3]),
    }; // prettier-ignore
    const parsed = parseUrdf(urdf, new Map([['package://m/box.stl', stl(big)]]));
    if (parsed.status !== 'parsed') throw new Error(JSON.stringify(parsed.faults));
    const X = { positionM: [1, 2, 3], quaternionXyzw: quaternionFromRpy(0.3, -0.2, 1) } as const;
    const capsules = parsed.model.links[0].collisions.map(({ shape, X_LS }) => {
      if (shape.type !== 'capsule' && shape.type !== 'sphere') throw new Error(shape.type);
      const half = shape.type === 'capsule' ? shape.lengthM / 2 : 0;
      return {
        p: pointInPose(X_LS, [0, 0, -half]),
        q: pointInPose(X_LS, [0, 0, half]),
        radiusM: shape.radiusM + 1e-6,
      };
    });
    for (const corner of mesh.triangles.flat()) {
      expect(isInside(capsules, pointInPose(X, corner))).toBe(true);
    }
  });
});
