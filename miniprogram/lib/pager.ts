/** A list that comes in pages with a cursor. */
export interface Listed<T> {
  items: T[]
  next_cursor: string | null
}

export class Pager<T> {
  private cursor: string | null = null
  private ended = false
  private going: Promise<T[]> | null = null

  constructor(private readonly read: (cursor: string | null) => Promise<Listed<T>>) {}

  /** Whether everything has been read. */
  get done(): boolean {
    return this.ended
  }

  /** The items of the next page, none at the end. A call while a page is loading gets no items. */
  async next(): Promise<T[]> {
    if (this.ended || this.going) return []
    this.going = this.read(this.cursor).then((page) => {
      this.cursor = page.next_cursor
      this.ended = page.next_cursor === null
      return page.items
    })
    try {
      return await this.going
    } finally {
      this.going = null
    }
  }
}
