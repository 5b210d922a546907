import { ProductCard, Wanted, products } from '../../api/catalogue'
import { asFailure } from '../../lib/failure'
import { Pager } from '../../lib/pager'
import { LOADING, show } from '../../lib/screen'

interface Sheet {
  key: number
  items: ProductCard[]
  shown: boolean
  /** The height when it was last drawn. It is kept as empty space while the sheet is far away. */
  height: number
}

const NEAR_PX = 1600

/**
 * An endless list of products in sheets. Sheets far from the window are replaced by empty space of the same height, so
 * that a thousand products need no more memory than sixty. The page calls `more()` when its bottom is reached.
 */
Component({
  properties: {
    wanted: { type: Object, value: {} as Wanted },
    /** One column of wide cards instead of two of narrow ones. */
    wide: { type: Boolean, value: false },
    emptyTitle: { type: String, value: '没有找到商品' },
    emptyText: { type: String, value: '换个词，或放宽筛选试试' },
  },
  data: { screen: LOADING, sheets: [] as Sheet[], ended: false, trouble: '' },
  observers: {
    wanted() {
      void this.restart()
    },
  },
  lifetimes: {
    detached() {
      ;(this as unknown as { pager?: Pager<ProductCard> }).pager = undefined
      this.unwatch()
    },
  },
  methods: {
    async restart() {
      const wanted: Wanted = this.data.wanted
      const pager = new Pager<ProductCard>((cursor) => products(wanted, cursor))
      const kept = this as unknown as { pager: Pager<ProductCard> }
      kept.pager = pager
      this.unwatch()
      this.setData({ screen: LOADING, sheets: [], ended: false, trouble: '' })
      // Answers to earlier questions that come late are ignored.
      const asked = { data: this.data, setData: (data: object) => kept.pager === pager && this.setData(data) }
      await show(
        asked,
        async () => {
          const items = await pager.next()
          return { sheets: items.length ? [{ key: 0, items, shown: true, height: 0 }] : [], ended: pager.done }
        },
        ({ sheets }) => !sheets.length,
      )
      if (kept.pager === pager) this.watch(0)
    },

    /** Load the next sheet; does nothing while one is loading. */
    async more() {
      const kept = this as unknown as { pager?: Pager<ProductCard> }
      const { pager } = kept
      if (!pager || pager.done || this.data.screen.phase !== 'ready') return
      try {
        const items = await pager.next()
        if (kept.pager !== pager) return
        const at = this.data.sheets.length
        if (items.length) this.setData({ [`sheets[${at}]`]: { key: at, items, shown: true, height: 0 } })
        this.setData({ ended: pager.done, trouble: '' })
        if (items.length) this.watch(at)
      } catch (error) {
        if (kept.pager === pager) this.setData({ trouble: asFailure(error).message })
      }
    },

    /** Watch when one sheet comes into view and leaves it. */
    watch(at: number) {
      if (!this.data.sheets[at]) return
      const observer = this.createIntersectionObserver({})
      observer.relativeToViewport({ top: NEAR_PX, bottom: NEAR_PX }).observe(`#sheet-${at}`, (seen) => {
        const sheet = this.data.sheets[at]
        const shown = seen.intersectionRatio > 0 || seen.intersectionRect.height > 0
        if (!sheet || sheet.shown === shown) return
        const height = sheet.shown ? seen.boundingClientRect.height : sheet.height
        this.setData({ [`sheets[${at}].shown`]: shown, [`sheets[${at}].height`]: height })
      })
      const kept = this as unknown as { observers?: WechatMiniprogram.IntersectionObserver[] }
      ;(kept.observers ??= []).push(observer)
    },

    unwatch() {
      const kept = this as unknown as { observers?: WechatMiniprogram.IntersectionObserver[] }
      kept.observers?.forEach((observer) => observer.disconnect())
      kept.observers = []
    },
  },
})
