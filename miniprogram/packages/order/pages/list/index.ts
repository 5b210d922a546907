import * as api from '../../../../api/orders'
import { Action, Order, Status } from '../../../../api/orders'
import { shop } from '../../../../api/shop'
import { Tab } from '../../../../components/tabs/index'
import { asFailure, tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { Pager } from '../../../../lib/pager'
import { LOADING, show } from '../../../../lib/screen'
import { learnClock } from '../../../../lib/time'
import { perform } from '../../acts'

const TABS: Tab[] = [
  { key: 'all', label: '全部' },
  { key: 'pending', label: '待付款' },
  { key: 'paid', label: '待发货' },
  { key: 'shipped', label: '待收货' },
  { key: 'received', label: '已收货' },
  { key: 'completed', label: '已完成' },
  { key: 'refunded', label: '退款' },
]

Page({
  data: {
    screen: LOADING,
    tabs: TABS,
    tab: 'all',
    orders: [] as Order[],
    ended: false,
    trouble: '',
    busy: '',
    emptyTitle: '',
  },
  pager: null as Pager<Order> | null,
  seen: false,

  onLoad({ tab }: { tab?: string }) {
    this.open(TABS.some(({ key }) => key === tab) ? (tab ?? 'all') : 'all')
  },

  /** Coming back from an order, what was done there shows. */
  onShow() {
    if (this.seen) void this.load()
    this.seen = true
  },

  choose({ detail }: WechatMiniprogram.CustomEvent<{ key: string }>) {
    this.open(detail.key)
  },

  open(tab: string) {
    const label = TABS.find(({ key }) => key === tab)?.label ?? ''
    this.setData({ tab, screen: LOADING, orders: [], emptyTitle: tab === 'all' ? '还没有订单' : `没有${label}的订单` })
    void this.load()
  },

  async load() {
    const status = this.data.tab === 'all' ? '' : (this.data.tab as Status)
    const pager = new Pager<Order>((cursor) => api.orders(status, cursor))
    this.pager = pager
    await show(
      this,
      async () => {
        const [orders, { now }] = await Promise.all([pager.next(), shop()])
        learnClock(now)
        return this.pager === pager ? { orders, ended: pager.done, trouble: '' } : { orders: this.data.orders }
      },
      ({ orders }) => !orders.length,
    )
  },

  async more() {
    const { pager } = this
    if (!pager || pager.done || this.data.screen.phase !== 'ready') return
    try {
      const orders = await pager.next()
      if (this.pager === pager) this.setData({ orders: [...this.data.orders, ...orders], ended: pager.done, trouble: '' })
    } catch (error) {
      this.setData({ trouble: asFailure(error).message })
    }
  },

  onReachBottom() {
    void this.more()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async act({ detail: { action, no } }: WechatMiniprogram.CustomEvent<{ action: Action; no: string }>) {
    if (this.data.busy) return
    this.setData({ busy: no })
    try {
      if (await perform(action, no)) await this.load()
    } catch (error) {
      tell(error)
      await this.load()
    } finally {
      this.setData({ busy: '' })
    }
  },

  over() {
    void this.load()
  },

  shop() {
    go('/pages/index/index')
  },
})
