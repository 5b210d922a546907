/** Places on a ring. Pure. */

/** Where `index` stands when `offset` is in view, in items; on a ring the nearer way round. */
export function place(index: number, offset: number, count: number, circular: boolean): number {
  const distance = index - offset;
  if (!circular || count < 2) return distance;
  const half = count / 2;
  return ((((distance + half) % count) + count) % count) - half;
}
