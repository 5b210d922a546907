import { Withdrawal, cancel, withdrawal } from '../../../../api/withdrawals'
import { Point } from '../../../../components/points/index'
import { tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { LOADING, show } from '../../../../lib/screen'
import { acceptTransfer } from '../../../../lib/transfer'
import { Sum, isLive, labelOf, nextOf, story, sumsOf, toneOf, totalOf } from './story'

/** When to check again: soon after the member has acted, then less often, then no more. */
const WAITS_MS = [1000, 2000, 3000, 5000, 10_000, 20_000, 30_000]

/** States that change by themselves within moments; a review takes too long to wait for on this page. */
const MOVING = ['approved', 'sent']

Page({
  data: {
    screen: LOADING,
    one: null as Withdrawal | null,
    label: '',
    tone: '',
    next: '',
    points: [] as Point[],
    sums: [] as Sum[],
    total: { label: '', fen: 0 },
    confirmable: false,
    cancellable: false,
    busy: false,
  },
  no: '',
  timer: 0,
  /** The member has acted in WeChat, and the server does not know it yet. */
  awaited: false,

  onLoad({ no }: { no?: string }) {
    this.no = no ?? ''
  },

  onShow() {
    void this.load()
  },

  onHide() {
    clearTimeout(this.timer)
  },

  onUnload() {
    clearTimeout(this.timer)
  },

  async load() {
    await show(this, async () => this.read())
    this.watch(0)
  },

  async read() {
    const one = await withdrawal(this.no)
    if (!isLive(one)) this.awaited = false
    const can = (action: 'confirm' | 'cancel') => one.allowed_actions.includes(action)
    return {
      one,
      label: labelOf(one),
      tone: toneOf(one),
      next: nextOf(one),
      points: story(one),
      sums: sumsOf(one),
      total: totalOf(one),
      confirmable: can('confirm'),
      cancellable: can('cancel'),
    }
  },

  /** Check for the `times`-th time, with longer and longer waits, while a change is expected. */
  watch(times: number) {
    clearTimeout(this.timer)
    const { one } = this.data
    const pause = WAITS_MS[times]
    if (!one || pause === undefined || !(this.awaited || one.cancelling || MOVING.includes(one.state))) return
    this.timer = setTimeout(() => void this.look(times + 1), pause) as unknown as number
  },

  async look(times: number) {
    try {
      this.setData(await this.read())
    } catch (error) {
      console.info('withdrawal:', error) // the next check comes soon
    }
    this.watch(times)
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  async confirm() {
    const { one, busy } = this.data
    if (!one || busy) return
    this.setData({ busy: true })
    try {
      const said = await acceptTransfer(one)
      if (said === 'too_old') await wx.showModal({ title: '请更新微信', content: '当前微信版本不能确认收款，请更新微信后再打开这一页', showCancel: false, confirmText: '知道了' })
      if (said === 'asked') this.awaited = true
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
    }
    await this.load()
  },

  async cancel() {
    if (this.data.busy) return
    const { confirm } = await wx.showModal({
      title: '要取消这笔提现吗？',
      content: '提现金额会退回余额，有待扣时先抵扣，手续费不收',
      confirmText: '取消提现',
      cancelText: '再想想',
      confirmColor: '#C8371F',
    })
    if (!confirm) return
    this.setData({ busy: true })
    try {
      await cancel(this.no)
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
    }
    await this.load()
  },

  copy() {
    wx.setClipboardData({ data: this.no, fail: () => void wx.showToast({ title: '没有复制成功', icon: 'none' }) })
  },

  again() {
    go('/packages/wallet/pages/withdraw/index')
  },

  openStatement() {
    go('/packages/wallet/pages/statement/index?kind=withdrawal')
  },

  openService() {
    go('/packages/member/pages/service/index')
  },
})
