import { Commission, commission } from '../../../../api/commissions'
import { Point } from '../../../../components/points/index'
import { go } from '../../../../lib/go'
import { priced } from '../../../../lib/money'
import { LOADING, show } from '../../../../lib/screen'
import { Line, linesOf, story, toneOf, whoOf } from './story'

Page({
  data: {
    screen: LOADING,
    one: null as Commission | null,
    tone: '',
    who: '',
    points: [] as Point[],
    lines: [] as Line[],
    /** What refunds took off, '' if nothing. */
    refunded: '',
  },
  id: 0,

  onLoad({ id }: { id?: string }) {
    this.id = Number(id)
    void this.load()
  },

  async load() {
    await show(this, async () => {
      const one = await commission(this.id)
      const gone = one.whole_fen - one.amount_fen
      return {
        one,
        tone: toneOf(one),
        who: whoOf(one),
        points: story(one),
        lines: linesOf(one),
        refunded: gone ? priced(-gone) : '',
      }
    })
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  openStatement() {
    go('/packages/wallet/pages/statement/index?kind=commission')
  },

  withdraw() {
    go('/packages/wallet/pages/withdraw/index')
  },
})
