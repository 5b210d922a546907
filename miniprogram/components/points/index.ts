/** One point of a story: what has been, what is, what is still to come. */
export interface Point {
  title: string
  text: string
  state: 'done' | 'now' | 'later'
}

/** A story as a line of points, from the first to the last. */
Component({
  properties: { points: { type: Array, value: [] as Point[] } },
})
