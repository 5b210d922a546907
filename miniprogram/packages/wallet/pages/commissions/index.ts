import { Commission, Sums, commissions, sums } from '../../../../api/commissions'
import { go } from '../../../../lib/go'
import { commissionPage } from '../../../../lib/links'
import { Listing, MORE } from '../../../../lib/listing'
import { askToNotify, prepareNotices } from '../../../../lib/notices'
import { LOADING } from '../../../../lib/screen'
import { toneOf, whenOf, whoOf } from '../commission/story'

interface Row {
  id: number
  amount_fen: number
  label: string
  tone: string
  titles: string
  who: string
  when: string
}

Page({
  data: { screen: LOADING, items: [] as Row[], end: MORE, sums: null as Sums | null },
  listing: null as Listing<Commission, Row> | null,

  onLoad() {
    prepareNotices()
    this.listing = new Listing(this, (cursor) => this.read(cursor), row)
    void this.load()
  },

  load() {
    return this.listing?.start()
  },

  /** The sums above the list are loaded together with its first page. */
  async read(cursor: string | null) {
    if (cursor) return commissions(cursor)
    const [page, total] = await Promise.all([commissions(null), sums()])
    this.setData({ sums: total })
    return page
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

  open({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { id: number }>) {
    go(commissionPage(currentTarget.dataset.id))
  },

  remind() {
    void askToNotify('commission')
  },

  withdraw() {
    go('/packages/wallet/pages/withdraw/index')
  },

  share() {
    go('/packages/referral/pages/share/index')
  },
})

function row(one: Commission): Row {
  const titles = one.explanation.lines.map(({ title }) => title)
  return {
    id: one.id,
    amount_fen: one.state === 'reversed' ? one.whole_fen : one.amount_fen,
    label: one.state_label,
    tone: toneOf(one),
    titles: titles.length > 1 ? `${titles[0] ?? ''} 等 ${titles.length} 件商品` : (titles[0] ?? ''),
    who: whoOf(one),
    when: whenOf(one),
  }
}
