import type { Vec3 } from './pose.ts';

/** Arithmetic on points and directions, for code that is not in the innermost loops. */

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

export function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** a - b */
export function minus(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

/** p + t d */
export function along(p: Vec3, d: Vec3, t: number): Vec3 {
  return [p[0] + t * d[0], p[1] + t * d[1], p[2] + t * d[2]];
}

export function scaled(a: Vec3, factor: number): Vec3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

export function norm(a: Vec3): number {
  return Math.sqrt(dot(a, a));
}

/** The angle by which x turns about the unit axis z to lie over y, rad, in (-pi, pi]; x, y need not be units. */
export function angleAbout(z: Vec3, x: Vec3, y: Vec3): number {
  const xFlat = along(x, z, -dot(x, z));
  const yFlat = along(y, z, -dot(y, z));
  return Math.atan2(dot(cross(xFlat, yFlat), z), dot(xFlat, yFlat));
}

/** `v` turned by `angleRad` about the unit axis `z` through the origin (Rodrigues). */
export function turned(v: Vec3, z: Vec3, angleRad: number): Vec3 {
  const c = Math.cos(angleRad);
  const s = Math.sin(angleRad);
  const side = cross(z, v);
  const lift = dot(z, v) * (1 - c);
  return [
    v[0] * c + side[0] * s + z[0] * lift,
    v[1] * c + side[1] * s + z[1] * lift,
    v[2] * c + side[2] * s + z[2] * lift,
  ];
}
