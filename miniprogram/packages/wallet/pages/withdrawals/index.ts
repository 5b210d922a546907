import { Withdrawal, withdrawals } from '../../../../api/withdrawals'
import { go } from '../../../../lib/go'
import { withdrawalPage } from '../../../../lib/links'
import { Listing, MORE } from '../../../../lib/listing'
import { LOADING } from '../../../../lib/screen'
import { minute } from '../../../../lib/time'
import { labelOf, toneOf } from '../withdrawal/story'

interface Row {
  no: string
  amount_fen: number
  label: string
  tone: string
  when: string
  text: string
}

Page({
  data: { screen: LOADING, items: [] as Row[], end: MORE },
  listing: null as Listing<Withdrawal, Row> | null,

  onLoad() {
    this.listing = new Listing(this, withdrawals, row)
  },

  /** A withdrawal may have changed on its own page. */
  onShow() {
    void this.load()
  },

  load() {
    return this.listing?.start()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    void this.listing?.more()
  },

  more() {
    void this.listing?.more()
  },

  open({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { no: string }>) {
    go(withdrawalPage(currentTarget.dataset.no))
  },

  openWallet() {
    go('/packages/wallet/pages/wallet/index')
  },
})

function row(one: Withdrawal): Row {
  return {
    no: one.withdrawal_no,
    amount_fen: one.amount_fen,
    label: labelOf(one),
    tone: toneOf(one),
    when: `${minute(one.requested_at)} 申请`,
    text: one.allowed_actions.includes('confirm') ? '需要你确认收款' : (one.why ?? ''),
  }
}
