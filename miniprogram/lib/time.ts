/** Times in China's time zone, whatever the device's zone is, and the server's clock. */
const CHINA_MS = 8 * 3600_000
let ahead = 0

function parts(iso: string): { year: number; month: string; day: string; hour: string; minute: string } {
  const at = new Date(Date.parse(iso) + CHINA_MS)
  const two = (n: number) => String(n).padStart(2, '0')
  return {
    year: at.getUTCFullYear(),
    month: two(at.getUTCMonth() + 1),
    day: two(at.getUTCDate()),
    hour: two(at.getUTCHours()),
    minute: two(at.getUTCMinutes()),
  }
}

/** `2026-11-22`. */
export function day(iso: string): string {
  const { year, month, day: date } = parts(iso)
  return `${year}-${month}-${date}`
}

/** `2026-11-22 14:05`. */
export function minute(iso: string): string {
  const { hour, minute: min } = parts(iso)
  return `${day(iso)} ${hour}:${min}`
}

/** `11月22日 14:05`. */
export function shortMinute(iso: string): string {
  const { month, day: date, hour, minute: min } = parts(iso)
  return `${Number(month)}月${Number(date)}日 ${hour}:${min}`
}

/** `2026-11` for a time. */
export function monthOf(ms: number): string {
  const { year, month } = parts(new Date(ms).toISOString())
  return `${year}-${month}`
}

/** Learn the server's clock from one of its answers. */
export function learnClock(serverNow: string): void {
  ahead = Date.parse(serverNow) - Date.now()
}

/** The server's clock as far as it is known, in milliseconds. */
export function now(): number {
  return Date.now() + ahead
}

/** `14:59`, `2小时03分`, `3天04小时`; `00:00` when the time is up. */
export function remaining(untilIso: string): string {
  const seconds = Math.max(0, Math.floor((Date.parse(untilIso) - now()) / 1000))
  const two = (n: number) => String(n).padStart(2, '0')
  const [days, hours, minutes] = [Math.floor(seconds / 86400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60]
  if (days) return `${days}天${two(hours)}小时`
  if (hours) return `${hours}小时${two(minutes)}分`
  return `${two(minutes)}:${two(seconds % 60)}`
}
