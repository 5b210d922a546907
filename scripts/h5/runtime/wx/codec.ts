/** How values of any storable type become text and come back as they were. */

interface Kept {
  type: 'undefined' | 'date' | 'json';
  data?: unknown;
}

/** The text for `value`. Raises TypeError for what JSON cannot hold: functions, symbols, cycles. */
export function encode(value: unknown): string {
  if (typeof value === 'function' || typeof value === 'symbol') throw new TypeError(`cannot store a ${typeof value}`);
  if (value === undefined) return JSON.stringify({ type: 'undefined' } satisfies Kept);
  if (value instanceof Date) return JSON.stringify({ type: 'date', data: value.getTime() } satisfies Kept);
  return JSON.stringify({ type: 'json', data: value } satisfies Kept);
}

/** What `encode` was given. */
export function decode(text: string): unknown {
  const kept = JSON.parse(text) as Kept;
  if (kept.type === 'undefined') return undefined;
  return kept.type === 'date' ? new Date(kept.data as number) : kept.data;
}
