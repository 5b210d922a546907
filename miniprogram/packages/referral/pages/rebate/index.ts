import { Rebate, rebate } from '../../../../api/referral'
import { Point } from '../../../../components/points/index'
import { go } from '../../../../lib/go'
import { orderPage } from '../../../../lib/links'
import { LOADING, show } from '../../../../lib/screen'
import { Friend, form, friends, steps, story } from './story'

const TONES: Record<Rebate['state'], string> = { frozen: 'tag-gold', settled: 'tag-good', reversed: 'tag-plain' }

Page({
  data: {
    screen: LOADING,
    rebate: null as Rebate | null,
    tone: '',
    form: '',
    total_fen: 0,
    points: [] as Point[],
    friends: [] as Friend[],
    steps: [] as Array<{ label: string; amount: string }>,
  },
  id: 0,

  onLoad(query: { id?: string }) {
    this.id = Number(query.id)
    void this.load()
  },

  async load() {
    await show(this, async () => {
      const one = await rebate(this.id)
      return {
        rebate: one,
        tone: TONES[one.state] ?? '',
        form: form(one),
        total_fen: one.explanation.steps.reduce((sum, step) => sum + step.amount_fen, 0),
        points: story(one),
        friends: friends(one),
        steps: steps(one),
      }
    })
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  openOrder() {
    if (this.data.rebate) go(orderPage(this.data.rebate.order_no))
  },

  openStatement() {
    go('/packages/wallet/pages/statement/index')
  },

  openRules() {
    go('/packages/referral/pages/rules/index')
  },
})
