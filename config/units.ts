import { z } from 'zod';

/**
 * Numbers as they stand in a cell file. The bounds are those of plausibility, not of taste: a cell is smaller than a
 * warehouse, a time-out shorter than a shift. They catch millimetres written as metres.
 */

/** A coordinate, m. */
export const CoordinateM = z.number().min(-50).max(50);
/** A length of something that exists, m. */
export const LengthM = z.number().gt(0).max(50);
/** A duration that may be nothing, s. */
export const DurationS = z.number().min(0).max(3_600);
/** A duration that must be something, s. */
export const PositiveDurationS = z.number().gt(0).max(3_600);
/** A share of all attempts. */
export const Share = z.number().min(0).max(1);
/** A joint value: rad, or m for a prismatic joint. */
export const JointValue = z.number().min(-100).max(100);

export const PointM = z.tuple([CoordinateM, CoordinateM, CoordinateM]).describe('x, y, z in metres');
export const SizeM = z.tuple([LengthM, LengthM, LengthM]).describe('along x, y, z in metres');
export const RpyDeg = z
  .tuple([z.number().min(-360).max(360), z.number().min(-360).max(360), z.number().min(-360).max(360)])
  .describe('roll, pitch, yaw in degrees about the fixed axes x, y, z, in this order');
export const QuaternionXyzw = z
  .tuple([
    z.number().min(-1).max(1),
    z.number().min(-1).max(1),
    z.number().min(-1).max(1),
    z.number().min(-1).max(1),
  ])
  .describe('unit quaternion x, y, z, w');

/** Names become topics, file names and addresses, so they keep to a small alphabet. */
export const Name = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'letters, digits, _ and - only, beginning with a letter or digit');

/** A file or directory, relative to the file that names it. */
export const RelativePath = z
  .string()
  .min(1)
  .max(1_024)
  .regex(
    /^(?!~)(?![A-Za-z][A-Za-z0-9+.-]*:\/\/)[^\0\r\n]+$/,
    'a path of a file on this machine; addresses and ~ are not supported',
  );

export const EnvironmentName = z
  .string()
  .max(128)
  .regex(
    /^[A-Z][A-Z0-9_]*$/,
    'the NAME of an environment variable (capitals, digits, _); secrets never stand in the file',
  );

export const Host = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9][A-Za-z0-9.:-]*$|^::[0-9A-Fa-f:]*$/, 'a host name or an address');
export const Port = z.int().min(1).max(65_535);
