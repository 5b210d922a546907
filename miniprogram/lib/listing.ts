import { asFailure } from './failure'
import { Listed, Pager } from './pager'
import { LOADING, Screen, show } from './screen'

/** What stands below a list, for `<list-end>`. `trouble` is the sentence of a failure. */
export interface End {
  done: boolean
  trouble: string
}

export const MORE: End = { done: false, trouble: '' }

interface ListPage<V> {
  data: { screen: Screen; items: V[] }
  setData(data: Record<string, unknown>): void
}

/** A page's endless list, in its data `items` and `end`. `shown` makes a row from an item and the row above it. */
export class Listing<T, V extends object> {
  private pager: Pager<T> | null = null

  constructor(
    private readonly page: ListPage<V>,
    private readonly read: (cursor: string | null) => Promise<Listed<T>>,
    private readonly shown: (item: T, above: V | undefined) => V,
  ) {}

  /**
   * Read from the start as many items as are shown, so that a person who comes back keeps their place. Answers to
   * earlier reads are ignored. `anew` clears the screen first.
   */
  async start(anew = false): Promise<void> {
    const pager = new Pager(this.read)
    this.pager = pager
    const page = this.page
    if (anew) page.setData({ screen: LOADING, items: [] })
    const seen = page.data.items.length
    const current = {
      get data() {
        return page.data
      },
      setData: (data: Record<string, unknown>) => this.pager === pager && page.setData(data),
    }
    await show(
      current,
      async () => {
        const items = await pager.next()
        while (!pager.done && items.length < seen) items.push(...(await pager.next()))
        return { items: this.rows(items, []), end: { done: pager.done, trouble: '' } }
      },
      ({ items }) => !items.length,
    )
  }

  /** Load the next items; does nothing while they are loading. */
  async more(): Promise<void> {
    const pager = this.pager
    if (!pager || pager.done || this.page.data.screen.phase !== 'ready') return
    try {
      const items = await pager.next()
      if (this.pager !== pager) return
      const from = this.page.data.items.length
      const changes: Record<string, unknown> = { end: { done: pager.done, trouble: '' } }
      this.rows(items, this.page.data.items).forEach((row, at) => (changes[`items[${from + at}]`] = row))
      this.page.setData(changes)
    } catch (error) {
      if (this.pager === pager) this.page.setData({ end: { done: false, trouble: asFailure(error).message } })
    }
  }

  private rows(items: T[], above: V[]): V[] {
    const rows: V[] = []
    for (const item of items) rows.push(this.shown(item, rows[rows.length - 1] ?? above[above.length - 1]))
    return rows
  }
}
