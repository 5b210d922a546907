/** Positions of items in a row or on a ring. Pure. */

/** The distance of item `index` from item `offset`, which is in view, in items. On a ring it is the shorter way round. */
export function place(index: number, offset: number, count: number, circular: boolean): number {
  const distance = index - offset;
  if (!circular || count < 2) return distance;
  const half = count / 2;
  return ((((distance + half) % count) + count) % count) - half;
}
