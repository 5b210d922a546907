/** The ring as a picture: one arc per place, drawn by how far its friend has come. */
export type Place = 'counted' | 'held' | 'pending' | 'open'

export const MAX_PLACES = 10

const CENTRE = 100
const RADIUS = 80
const GAP_DEGREES = 16
/** The same colours as in theme/tokens.wxss: a picture cannot read a page's variables. */
const STROKES: Record<Place, string> = {
  counted: 'stroke="url(#warm)"',
  held: 'stroke="#e3b45c" stroke-dasharray="0.1 10.5"',
  pending: 'stroke="#e89a84" stroke-dasharray="0.1 10.5"',
  open: 'stroke="#f3e7da"',
}
const WIDTHS: Record<Place, number> = { counted: 12, held: 7, pending: 7, open: 12 }
/** With more places the arcs are short, so thinner lines look better. */
export const ROOMY_PLACES = 6
const WARM =
  '<defs><linearGradient id="warm" x1="0" y1="0" x2="0" y2="1">' +
  '<stop offset="0" stop-color="#e4593a"/><stop offset="1" stop-color="#c8371f"/></linearGradient></defs>'

/** A CSS value for `background-image`. */
export function drawn(places: readonly Place[]): string {
  const most = places.length > ROOMY_PLACES ? 6 : 12
  const arcs = places
    .map((place, at) => `<path d="${arc(at, places.length)}" stroke-width="${Math.min(WIDTHS[place], most)}" ${STROKES[place]}/>`)
    .join('')
  const picture =
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 200">${WARM}` +
    `<g fill="none" stroke-linecap="round">${arcs}</g></svg>`
  return `url("data:image/svg+xml,${encodeURIComponent(picture)}")`
}

/** The middle of a place, in percent of the ring's width and height. */
export function middle(at: number, count: number): { left: number; top: number } {
  const { x, y } = point((360 / count) * (at + 0.5))
  return { left: x / 2, top: y / 2 }
}

function arc(at: number, count: number): string {
  const span = 360 / count
  const [from, to] = [at * span + GAP_DEGREES / 2, (at + 1) * span - GAP_DEGREES / 2]
  const [start, end] = [point(from), point(to)]
  return `M${start.x} ${start.y}A${RADIUS} ${RADIUS} 0 ${to - from > 180 ? 1 : 0} 1 ${end.x} ${end.y}`
}

/** Degrees go clockwise from the top. */
function point(degrees: number): { x: number; y: number } {
  const angle = ((degrees - 90) * Math.PI) / 180
  const two = (n: number) => Math.round(n * 100) / 100
  return { x: two(CENTRE + RADIUS * Math.cos(angle)), y: two(CENTRE + RADIUS * Math.sin(angle)) }
}
