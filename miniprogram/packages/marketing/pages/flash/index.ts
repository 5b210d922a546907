import { FlashSale, flashSale, flashSales } from '../../../../api/flash'
import { Tab } from '../../../../components/tabs/index'
import { Failure } from '../../../../lib/failure'
import { Limits, flashLimits } from '../../../../lib/flash'
import { promotedPath } from '../../../../lib/checkout'
import { go } from '../../../../lib/go'
import { LOADING, show } from '../../../../lib/screen'
import { Sharing } from '../../../../lib/share'
import { ShownItem, ShownSale, shownSale, tabOf } from './shown'

/** How often the taken share of the stock is read again while a session runs and the page is visible. */
const REFRESH_MS = 5000
/** An answer may be half a second old: just after a start, the next answer may still be from before it. */
const AGAIN_MS = 1000

Page({
  data: {
    screen: LOADING,
    tabs: [] as Tab[],
    tab: '',
    sale: null as ShownSale | null,
  },
  /** Id of the session that a card opened, 0 for none. */
  wanted: 0,
  sales: [] as FlashSale[],
  limits: {} as Limits,
  sharing: null as Sharing | null,
  timer: undefined as ReturnType<typeof setInterval> | undefined,

  onLoad(query: Record<string, string | undefined>) {
    this.wanted = Number(query.id) || 0
    void this.load()
  },

  onShow() {
    void this.sharing?.prepare()
    void this.readLimits()
    clearInterval(this.timer)
    this.timer = setInterval(() => {
      if (this.data.sale?.state === 'running') void this.load()
    }, REFRESH_MS)
  },

  onHide() {
    clearInterval(this.timer)
  },

  onUnload() {
    clearInterval(this.timer)
  },

  async load() {
    await show(
      this,
      async () => {
        this.sales = await this.find()
        return this.drawn(Number(this.data.tab) || this.wanted)
      },
      ({ sale }) => !sale,
    )
    this.prepareSharing()
  },

  /** Read anew each time the page is shown: the member may come back from an order. */
  async readLimits() {
    this.limits = await flashLimits()
    if (this.data.sale) this.setData(this.drawn(this.data.sale.id))
  },

  /** The countdown is over. */
  async turn() {
    const until = this.data.sale?.until
    await this.load()
    if (this.data.sale?.until === until) setTimeout(() => void this.load(), AGAIN_MS)
  },

  /** Today's sessions, and the session of a card, which may be of another day or deleted. */
  async find(): Promise<FlashSale[]> {
    const found = await flashSales()
    if (!this.wanted || found.some(({ id }) => id === this.wanted)) return found
    try {
      return [await flashSale(this.wanted), ...found]
    } catch (error) {
      if (error instanceof Failure && error.code === 'not_found') return found
      throw error
    }
  },

  /** The session to show: the one asked for, else the one that runs, else the next, else the last. */
  drawn(id: number): { tabs: Tab[]; tab: string; sale: ShownSale | null } {
    const sales: FlashSale[] = this.sales
    const by = (state: string) => sales.find((one) => one.state === state)
    const seen = sales.find((one) => one.id === id) ?? by('running') ?? by('not_started') ?? sales[sales.length - 1]
    return { tabs: sales.map(tabOf), tab: seen ? String(seen.id) : '', sale: seen ? shownSale(seen, this.limits) : null }
  },

  prepareSharing() {
    const { sale } = this.data
    this.sharing = null
    if (!sale) return
    this.sharing = new Sharing('flash_sale', { title: `限时秒杀：${sale.name}`, path: `/packages/marketing/pages/flash/index?id=${sale.id}` }, sale.id)
    void this.sharing.prepare()
  },

  choose({ detail }: WechatMiniprogram.CustomEvent<{ key: string }>) {
    this.setData(this.drawn(Number(detail.key)))
    this.prepareSharing()
  },

  openProduct({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { item: ShownItem }>) {
    go(`/pages/product/index?id=${currentTarget.dataset.item.product_id}`)
  },

  buy({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { item: ShownItem }>) {
    const { id, sku_id } = currentTarget.dataset.item
    go(promotedPath([{ sku_id, quantity: 1 }], { kind: 'flash_sale', id }))
  },

  openOthers() {
    go('/pages/category/index')
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  onShareAppMessage() {
    return this.sharing?.message() ?? {}
  },

  onShareTimeline() {
    return this.sharing?.timeline() ?? {}
  },
})
