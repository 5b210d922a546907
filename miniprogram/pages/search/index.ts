import { Sort, Wanted, categories } from '../../api/catalogue'
import { Filter, NO_FILTER, narrowing } from '../../lib/filter'
import * as searches from '../../lib/searches'

interface Order {
  key: 'newest' | 'sales' | 'price'
  label: string
  sort: Sort
}

/** The filters of the results, and the data with which they are drawn. */
interface Asked {
  typed: string
  asked: string
  category: string
  by: Order['key']
  sort: Sort
  filter: Filter
  narrowed: number
  filtering: boolean
}

const ORDERS: Order[] = [
  { key: 'newest', label: '综合', sort: 'newest' },
  { key: 'sales', label: '销量', sort: 'sales' },
  { key: 'price', label: '价格', sort: 'price_asc' },
]

Page({
  data: {
    typed: '',
    /** The last search text, '' before the first search. */
    asked: '',
    /** The category in which to search, if a link names one. */
    category: '',
    past: [] as string[],
    hot: [] as string[],
    orders: ORDERS,
    by: 'newest' as Order['key'],
    sort: 'newest' as Sort,
    filter: NO_FILTER,
    narrowed: 0,
    filtering: false,
    wanted: {} as Wanted,
  },

  onLoad({ q, category }: Record<string, string | undefined>) {
    this.setData({ past: searches.all() })
    void this.loadHot()
    if (q) this.search(decodeURIComponent(q))
    else if (category) this.restart({ category })
  },

  /** Suggestions: the names of the shop's categories. Without them the search still works. */
  async loadHot() {
    try {
      const tree = await categories()
      this.setData({ hot: tree.flatMap((one) => (one.children.length ? one.children : [one])).map((one) => one.name).slice(0, 12) })
    } catch (error) {
      console.info('hot words:', error)
    }
  },

  type({ detail }: WechatMiniprogram.Input) {
    this.setData(detail.value ? { typed: detail.value } : { typed: '', asked: '' })
  },

  submit() {
    this.search(this.data.typed)
  },

  tapWord({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { word: string }>) {
    this.search(currentTarget.dataset.word)
  },

  wipe() {
    this.setData({ typed: '', asked: '' })
  },

  search(text: string) {
    const q = text.trim().slice(0, 40)
    if (!q) return
    this.setData({ past: searches.add(q) })
    this.restart({ typed: q, asked: q, category: '' })
  },

  sortBy({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const { key, sort } = ORDERS[currentTarget.dataset.at] as Order
    const turned = key === 'price' && this.data.sort === 'price_asc' ? 'price_desc' : sort
    if (turned === this.data.sort) return
    this.restart({ by: key, sort: turned })
  },

  openFilter() {
    this.setData({ filtering: true })
  },

  closeFilter() {
    this.setData({ filtering: false })
  },

  applyFilter({ detail }: WechatMiniprogram.CustomEvent<Filter>) {
    this.restart({ filter: detail, narrowed: Object.keys(narrowing(detail)).length, filtering: false })
  },

  /** Search again with these changes. */
  restart(changes: Partial<Asked>) {
    const { asked, category, sort, filter } = { ...this.data, ...changes }
    this.setData({ ...changes, wanted: { q: asked, category, sort, ...narrowing(filter) } })
  },

  async forget() {
    const { confirm } = await wx.showModal({ title: '清空搜索历史？', confirmText: '清空', confirmColor: '#C8371F' })
    if (confirm) this.setData({ past: searches.forget() })
  },

  onReachBottom() {
    ;(this.selectComponent('#feed') as { more?: () => void } | null)?.more?.()
  },
})
