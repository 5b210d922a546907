/** Turns values into text for storage, and that text back into the same values. */

interface Kept {
  type: 'undefined' | 'date' | 'json';
  data?: unknown;
}

/** The text for `value`. Throws TypeError for what JSON cannot hold: functions, symbols, circles. */
export function encode(value: unknown): string {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`cannot store a ${typeof value}`);
  if (value === undefined) return JSON.stringify({ type: 'undefined' } satisfies Kept);
  if (value instanceof Date) return JSON.stringify({ type: 'date', data: value.getTime() } satisfies Kept);
  return JSON.stringify({ type: 'json', data: value } satisfies Kept);
}

/** The value that `encode` was given. */
export function decode(text: string): unknown {
  const kept = JSON.parse(text) as Kept;
  if (kept.type === 'undefined') return undefined;
  return kept.type === 'date' ? new Date(kept.data as number) : kept.data;
}
