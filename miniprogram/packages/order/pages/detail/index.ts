import * as orders from '../../../../api/orders'
import { Action } from '../../../../api/orders'
import { shop } from '../../../../api/shop'
import { tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { teamPage } from '../../../../lib/group_buys'
import { rebatePage } from '../../../../lib/links'
import { LOADING, show } from '../../../../lib/screen'
import { perform } from '../../acts'
import { Shown, shown } from './shown'

type Tap<Data extends WechatMiniprogram.IAnyObject> = WechatMiniprogram.TouchEvent<object, object, Data>

Page({
  data: {
    screen: LOADING,
    shown: null as Shown | null,
    /** Card keys that the member has uncovered, by line and place. */
    open: {} as Record<string, boolean>,
    busy: false,
  },
  orderNo: '',
  seen: false,

  onLoad({ order_no }: { order_no?: string }) {
    this.orderNo = order_no ?? ''
    void this.load()
  },

  onShow() {
    if (this.seen) void this.load()
    this.seen = true
  },

  async load() {
    await show(this, async () => {
      const [order, refunds, told] = await Promise.all([orders.order(this.orderNo), orders.refunds(this.orderNo), shop()])
      return { shown: shown(order, refunds, told) }
    })
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async act({ currentTarget }: Tap<{ action: Action }>) {
    if (this.data.busy) return
    this.setData({ busy: true })
    try {
      if (await perform(currentTarget.dataset.action, this.orderNo)) await this.load()
    } catch (error) {
      tell(error)
      await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  openCoupons() {
    go('/packages/member/pages/coupons/index')
  },

  async withdrawRefund({ currentTarget }: Tap<{ no: string }>) {
    if (this.data.busy) return
    const { confirm } = await wx.showModal({ title: '撤销退款申请？', content: '订单会按没有申请过退款继续', confirmText: '撤销申请', cancelText: '再想想' })
    if (!confirm) return
    this.setData({ busy: true })
    try {
      await orders.withdrawRefund(this.orderNo, currentTarget.dataset.no)
      void wx.showToast({ title: '已撤销', icon: 'success' })
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
      await this.load()
    }
  },

  async sendBack({ currentTarget, detail }: WechatMiniprogram.FormSubmit<{ company: string; tracking: string }, { no: string }>) {
    if (this.data.busy) return
    const [company, tracking] = [detail.value.company.trim(), detail.value.tracking.trim()]
    if (company.length < 2 || !/^[0-9A-Za-z_-]{5,60}$/.test(tracking)) {
      void wx.showToast({ title: '请填写快递公司和运单号', icon: 'none' })
      return
    }
    this.setData({ busy: true })
    try {
      await orders.sendBack(this.orderNo, currentTarget.dataset.no, company, tracking)
      void wx.showToast({ title: '已提交', icon: 'success' })
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
      await this.load()
    }
  },

  reveal({ currentTarget }: Tap<{ key: string }>) {
    this.setData({ [`open.${currentTarget.dataset.key}`]: true })
  },

  copy({ currentTarget }: Tap<{ text: string }>) {
    wx.setClipboardData({ data: currentTarget.dataset.text, fail: () => void wx.showToast({ title: '没有复制成功', icon: 'none' }) })
  },

  openProduct({ currentTarget }: Tap<{ id: number }>) {
    go(`/pages/product/index?id=${currentTarget.dataset.id}`)
  },

  openRebate() {
    const id = this.data.shown?.order.rebate_id
    if (id) go(rebatePage(id))
  },

  openTeam() {
    const no = this.data.shown?.order.team_no
    if (no) go(teamPage(no))
  },

  openService() {
    go('/packages/member/pages/service/index')
  },
})
