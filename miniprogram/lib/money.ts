/** The only place that turns fen into text for people. */

/** `123456` → `1,234.56`; with `short`, whole yuan have no decimals. */
export function yuan(fen: number, short = false): string {
  const { whole, cents } = split(fen)
  return short && cents === '00' ? whole : `${whole}.${cents}`
}

/** With ¥, a minus in front of it: `-¥12.00`. */
export function priced(fen: number, short = false): string {
  return `${fen < 0 ? '-' : ''}¥${yuan(Math.abs(fen), short)}`
}

/** A change: `+¥12.00` or `-¥12.00`. */
export function signed(fen: number): string {
  return `${fen < 0 ? '-' : '+'}¥${yuan(Math.abs(fen))}`
}

/** The parts of a price that have different sizes. */
export function split(fen: number): { whole: string; cents: string } {
  const minus = fen < 0 ? '-' : ''
  const absolute = Math.abs(Math.trunc(fen))
  const whole = String(Math.floor(absolute / 100)).replace(/\B(?=(\d{3})+(?!\d))/g, ',')
  return { whole: minus + whole, cents: String(absolute % 100).padStart(2, '0') }
}

/** Typed text in fen; null if it is not an amount. `12`, `12.3`, `12.30`. */
export function fenOf(text: string): number | null {
  const match = /^(\d{1,8})(?:\.(\d{1,2}))?$/.exec(text.trim())
  if (!match) return null
  return Number(match[1]) * 100 + Number((match[2] ?? '').padEnd(2, '0'))
}

/** Basis points as percent: `10000` → `100%`, `1250` → `12.5%`. */
export function percent(bp: number): string {
  return `${String(bp / 100)}%`
}

/** A percentage off in 折, as people in China read it: 1500 (15 % off) → `8.5`. */
export function fold(offBp: number): string {
  return String((10_000 - offBp) / 1000)
}
