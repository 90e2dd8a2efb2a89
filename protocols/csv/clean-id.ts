import { Id } from '../../controller/domain/intake.ts';

const ID_MAX = 128;

/**
 * An id as other systems write it, made fit for the intake: characters it does not allow become `_`, and then a
 * short checksum of the original follows, so that two different ids stay different. An id that is fit already stays
 * as it is. Empty text has no id: null.
 */
export function cleanId(raw: string): string | null {
  const trimmed = raw.trim();
  if (trimmed === '') return null;
  if (Id.safeParse(trimmed).success) return trimmed;
  const fit = trimmed
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9 _.:@-]/g, '_')
    .replace(/^[^A-Za-z0-9]+/, '');
  const checksum = fnv1a(trimmed).toString(16).padStart(8, '0');
  return `${fit === '' ? 'id' : fit.slice(0, ID_MAX - 9)}-${checksum}`;
}

/** 32-bit FNV-1a over UTF-16 code units. */
function fnv1a(text: string): number {
  let hash = 2166136261;
  for (let k = 0; k < text.length; k += 1) hash = Math.imul(hash ^ text.charCodeAt(k), 16777619) >>> 0;
  return hash;
}
