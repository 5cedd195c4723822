/** One text for one meaning: JSON with sorted keys, so that the order of a file changes nothing. */
import { Personal } from './words.ts';

/** `mask` leaves secrets as a mask (for anything that is kept); `reveal` is only for comparing in memory. */
export function canonicalJson(value: unknown, secrets: 'mask' | 'reveal'): string {
  return JSON.stringify(ordered(value, secrets));
}

function ordered(value: unknown, secrets: 'mask' | 'reveal'): unknown {
  if (value instanceof Personal) return secrets === 'mask' ? String(value) : ordered(value.reveal(), secrets);
  if (Array.isArray(value)) return value.map((element) => ordered(element, secrets));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, element]) => element !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  // As pairs, not as an object: an object would sort keys that look like numbers first and lose `__proto__`.
  return entries.map(([key, element]) => [key, ordered(element, secrets)]);
}
