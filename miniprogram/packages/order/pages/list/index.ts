import * as api from '../../../../api/orders'
import { Action, Drawer, Order } from '../../../../api/orders'
import { shop } from '../../../../api/shop'
import { Tab } from '../../../../components/tabs/index'
import { tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { Listing, MORE } from '../../../../lib/listing'
import { LOADING } from '../../../../lib/screen'
import { perform } from '../../acts'

const TABS: Array<Tab & { drawer: Drawer }> = [
  { key: 'all', label: '全部', drawer: {} },
  { key: 'pending', label: '待付款', drawer: { status: 'pending' } },
  { key: 'paid', label: '待发货', drawer: { status: 'paid' } },
  { key: 'shipped', label: '待收货', drawer: { status: 'shipped' } },
  { key: 'received', label: '已收货', drawer: { status: 'received' } },
  { key: 'completed', label: '已完成', drawer: { status: 'completed' } },
  { key: 'refund', label: '退款', drawer: { with_refund: true } },
]

Page({
  data: {
    screen: LOADING,
    tabs: TABS as Tab[],
    tab: 'all',
    items: [] as Order[],
    end: MORE,
    busy: false,
    emptyTitle: '',
  },
  listing: null as Listing<Order, Order> | null,
  seen: false,

  onLoad({ tab }: { tab?: string }) {
    this.listing = new Listing<Order, Order>(this, (cursor) => this.read(cursor), (order) => order)
    this.open(TABS.some(({ key }) => key === tab) ? (tab ?? 'all') : 'all')
  },

  /** On return from an order, show what was changed there. */
  onShow() {
    if (this.seen) void this.load()
    this.seen = true
  },

  /** Orders; the first of them also bring the server's clock for unpaid ones. */
  async read(cursor: string | null) {
    const { drawer = {} } = TABS.find(({ key }) => key === this.data.tab) ?? {}
    const [listed] = await Promise.all([api.orders(drawer, cursor), shop()])
    return listed
  },

  choose({ detail }: WechatMiniprogram.CustomEvent<{ key: string }>) {
    this.open(detail.key)
  },

  open(tab: string) {
    const label = TABS.find(({ key }) => key === tab)?.label ?? ''
    this.setData({ tab, emptyTitle: tab === 'all' ? '还没有订单' : `没有${label}的订单` })
    void this.listing?.start(true)
  },

  async load() {
    await this.listing?.start()
  },

  more() {
    void this.listing?.more()
  },

  onReachBottom() {
    this.more()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async act({ detail: { action, no } }: WechatMiniprogram.CustomEvent<{ action: Action; no: string }>) {
    if (this.data.busy) return
    this.setData({ busy: true })
    try {
      if (await perform(action, no)) await this.load()
    } catch (error) {
      tell(error)
      await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  over() {
    void this.load()
  },

  shop() {
    go('/pages/index/index')
  },
})
