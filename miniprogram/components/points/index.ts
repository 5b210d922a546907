/** One point of a timeline: done, current, or still to come. */
export interface Point {
  title: string
  text: string
  state: 'done' | 'now' | 'later'
}

/** A timeline from the first point to the last. */
Component({
  properties: { points: { type: Array, value: [] as Point[] } },
})
