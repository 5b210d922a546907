import { Preview, preview, request } from '../../../../api/withdrawals'
import { tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { withdrawalPage } from '../../../../lib/links'
import { fenOf, percent, priced, yuan } from '../../../../lib/money'
import { askToNotify, prepareNotices } from '../../../../lib/notices'
import { LOADING, show } from '../../../../lib/screen'
import { Sum, sumsOf } from '../withdrawal/story'

/** How long typing must pause before the server is asked for the fees of an amount. */
const REST_MS = 300

Page({
  data: {
    screen: LOADING,
    terms: null as Preview | null,
    limits: [] as string[],
    amount: '',
    name: '',
    /** The server's preview of the amount; null while it is typed or loaded. */
    quote: null as Preview['quote'],
    sums: [] as Sum[],
    problem: '',
    ready: false,
    busy: false,
  },
  timer: 0,
  asked: 0,

  onLoad() {
    prepareNotices()
    void this.load()
  },

  onUnload() {
    clearTimeout(this.timer)
  },

  async load() {
    await show(this, async () => {
      const terms = await preview(null)
      return { terms, limits: limitsOf(terms) }
    })
  },

  type({ detail }: WechatMiniprogram.Input) {
    this.setAmount(detail.value)
  },

  all() {
    const most = this.data.terms?.most_fen
    if (most) this.setAmount(yuan(most, true).replace(/,/g, ''))
  },

  setAmount(amount: string) {
    clearTimeout(this.timer)
    this.asked += 1
    const fen = fenOf(amount)
    const problem = amount.trim() && fen === null ? '请填金额，最多两位小数' : ''
    this.setData({ amount, quote: null, problem })
    this.judge()
    if (fen) this.timer = setTimeout(() => void this.estimate(fen, this.asked), REST_MS) as unknown as number
  },

  /** Ask for a preview. Answers for an older amount are ignored. */
  async estimate(fen: number, number: number) {
    try {
      const { quote, problem } = await preview(fen)
      if (number !== this.asked) return
      this.setData({ quote, sums: quote ? sumsOf(quote) : [], problem: problem ?? '' })
      this.judge()
    } catch (error) {
      if (number === this.asked) tell(error)
    }
  },

  typeName({ detail }: WechatMiniprogram.Input) {
    this.setData({ name: detail.value })
    this.judge()
  },

  /** The button works once the server would accept the amount. */
  judge() {
    const { quote, problem, name } = this.data
    this.setData({ ready: !!quote && !problem && (!quote.needs_name || name.trim() !== '') })
  },

  async submit() {
    const { quote, name, ready, busy } = this.data
    if (!quote || !ready || busy) return
    this.setData({ busy: true })
    try {
      await askToNotify('withdraw')
      const { withdrawal_no } = await request(quote.amount_fen, quote.needs_name ? name.trim() : '')
      wx.redirectTo({ url: withdrawalPage(withdrawal_no) })
    } catch (error) {
      tell(error)
      void this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  openHistory() {
    go('/packages/wallet/pages/withdrawals/index')
  },

  openWallet() {
    go('/packages/wallet/pages/wallet/index')
  },
})

function limitsOf(terms: Preview): string[] {
  return [
    `单笔最少 ${priced(terms.least_fen, true)}`,
    `今天还可以提现 ${terms.day_left_count} 次，共 ${priced(terms.day_left_fen, true)}`,
    terms.fee_bp ? `手续费 ${percent(terms.fee_bp)}，从提现金额中扣除` : '不收手续费',
  ]
}
