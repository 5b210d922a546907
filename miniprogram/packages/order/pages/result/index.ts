import * as orders from '../../../../api/orders'
import { OrderDetail } from '../../../../api/orders'
import { Shop, shop } from '../../../../api/shop'
import { tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { teamPage } from '../../../../lib/group_buys'
import { payOrder } from '../../../../lib/pay'
import { LOADING, show } from '../../../../lib/screen'

/** When to check again while WeChat's notice is on its way: soon, then less often, for half a minute in all. */
const WAITS_MS = [700, 1000, 1500, 2000, 3000, 4000, 5000, 6000, 7000]

/** What the page says about an order. */
interface Saying {
  look: 'good' | 'wait' | 'shut'
  icon: string
  title: string
  text: string
  /** The name of the order's cash amount in this state. */
  cash: string
}

Page({
  data: {
    screen: LOADING,
    no: '',
    order: null as OrderDetail | null,
    saying: null as Saying | null,
    payable: false,
    /** Whether WeChat was asked to pay in this visit. */
    asked: false,
    /** Whether the server has not received WeChat's answer yet. */
    waiting: false,
    busy: false,
    promise: null as Shop['promise'] | null,
  },
  timer: 0,
  left: false,

  onLoad({ order_no: no, cancelled }: Record<string, string | undefined>) {
    this.setData({ no: no ?? '', asked: cancelled !== '1', waiting: cancelled !== '1' })
    void this.load()
    void this.loadPromise()
  },

  onUnload() {
    this.left = true
    clearTimeout(this.timer)
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async load() {
    await show(this, async () => this.read())
    this.watch(0)
  },

  async read() {
    const order = await orders.order(this.data.no)
    const waiting = this.data.waiting && order.status === 'pending'
    return { order, waiting, saying: sayingOf(order, waiting, this.data.asked), payable: order.allowed_actions.includes('pay') }
  },

  /** The promise is not essential: without it the result is still shown. */
  async loadPromise() {
    try {
      this.setData({ promise: (await shop()).promise })
    } catch (error) {
      console.info('promise:', error)
    }
  },

  /** Check for the `times`-th time, with longer and longer waits, until the notice has come. */
  watch(times: number) {
    clearTimeout(this.timer)
    const { order, waiting } = this.data
    if (!order || !waiting || this.left) return
    const pause = WAITS_MS[times]
    if (pause === undefined) this.setData({ waiting: false, saying: sayingOf(order, false, true) })
    else this.timer = setTimeout(() => void this.look(times + 1), pause) as unknown as number
  },

  async look(times: number) {
    try {
      this.setData(await this.read())
    } catch (error) {
      console.info('result:', error) // the next check comes soon
    }
    this.watch(times)
  },

  async pay() {
    if (this.data.busy) return
    this.setData({ busy: true })
    try {
      const asked = (await payOrder(this.data.no)) === 'asked'
      this.setData({ asked, waiting: asked })
    } catch (error) {
      tell(error)
    }
    this.setData({ busy: false })
    await this.load()
  },

  openOrder() {
    void wx.redirectTo({ url: `/packages/order/pages/detail/index?order_no=${this.data.no}` })
  },

  openTeam() {
    const no = this.data.order?.team_no
    if (no) void wx.redirectTo({ url: teamPage(no) })
  },

  goHome() {
    go('/pages/index/index')
  },

  openReferral() {
    go('/pages/referral/index')
  },
})

function sayingOf(order: OrderDetail, waiting: boolean, asked: boolean): Saying {
  if (order.status === 'closed') return { look: 'shut', icon: 'close', title: order.status_label, cash: '订单金额', text: '这笔订单没有付款，占用的优惠券和余额已退回' }
  if (order.paid_at) return { look: 'good', icon: 'check', title: '支付成功', cash: '微信支付', text: thanks(order) }
  if (waiting) return { look: 'wait', icon: 'time', title: '正在确认支付结果', cash: '应付', text: '微信的付款通知正在路上，一般几秒就到' }
  const text = asked ? '如果已经付过款，请稍后下拉刷新，不会重复扣款' : '商品已为你留好，付款后马上安排'
  return { look: 'wait', icon: 'time', title: order.status_label, cash: '应付', text }
}

function thanks(order: OrderDetail): string {
  if (order.status === 'teaming') return '邀请好友参团，成团后马上发货；没有成团会自动退款'
  if (order.lines.some((line) => line.cards.length)) return '卡密已经发放，打开订单就能看到'
  if (order.lines.some((line) => line.coupons.length)) return '优惠券已经发放，现在就能用'
  return order.address ? '我们会尽快发货，发货后在订单里查看物流' : '马上发放，稍后在订单里查看'
}
