/** How dates stand in a file. `iso` carries its offset itself or takes the mapping's. */
export const DATE_FORMATS = ['iso', 'YYYY-MM-DD HH:mm:ss', 'M/D/YYYY', 'D/M/YYYY', 'D.M.YYYY'] as const;
export type DateFormat = (typeof DATE_FORMATS)[number];

const PATTERNS: Readonly<Record<DateFormat, RegExp>> = {
  iso: /^(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})(?:[T ](?<h>\d{2}):(?<i>\d{2})(?::(?<s>\d{2})(?:\.\d{1,9})?)?)?(?<z>Z|[+-]\d{2}:\d{2})?$/,
  'YYYY-MM-DD HH:mm:ss':
    /^(?<y>\d{4})-(?<m>\d{2})-(?<d>\d{2})(?: (?<h>\d{2}):(?<i>\d{2})(?::(?<s>\d{2}))?)?$/,
  'M/D/YYYY': /^(?<m>\d{1,2})\/(?<d>\d{1,2})\/(?<y>\d{4})(?: (?<h>\d{1,2}):(?<i>\d{2})(?::(?<s>\d{2}))?)?$/,
  'D/M/YYYY': /^(?<d>\d{1,2})\/(?<m>\d{1,2})\/(?<y>\d{4})(?: (?<h>\d{1,2}):(?<i>\d{2})(?::(?<s>\d{2}))?)?$/,
  'D.M.YYYY': /^(?<d>\d{1,2})\.(?<m>\d{1,2})\.(?<y>\d{4})(?: (?<h>\d{1,2}):(?<i>\d{2})(?::(?<s>\d{2}))?)?$/,
};

/**
 * A date of a file as an ISO 8601 instant with offset, or null when it is no date of this format, names a day that
 * does not exist, or has no offset where none is given.
 */
export function isoInstant(text: string, format: DateFormat, utcOffset: string | null): string | null {
  const parts = PATTERNS[format].exec(text.trim())?.groups;
  if (parts === undefined) return null;
  const offset = parts['z'] ?? utcOffset;
  if (offset === null) return null;
  const pad = (part: string | undefined, width = 2): string => (part ?? '0').padStart(width, '0');
  const day = `${pad(parts['y'], 4)}-${pad(parts['m'])}-${pad(parts['d'])}`;
  const time = `${pad(parts['h'])}:${pad(parts['i'])}:${pad(parts['s'])}`;
  const utc = new Date(`${day}T${time}Z`);
  // A day such as 30 February would otherwise roll over into March.
  if (Number.isNaN(utc.getTime()) || utc.toISOString().slice(0, 19) !== `${day}T${time}`) return null;
  const instant = `${day}T${time}${offset}`;
  return Number.isNaN(new Date(instant).getTime()) ? null : instant;
}
