/** A list that comes in pages of a cursor. */
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

  /** The next page's items, none at the end. Asked again while it reads, it gives nothing twice. */
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
