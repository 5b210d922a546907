import { Combined, Previewed, PricedLine } from '../../../../api/orders'
import { priced, signed } from '../../../../lib/money'
import { specText } from '../../../../lib/variants'

type Sums = Pick<Previewed, 'lines' | 'items_fen' | 'discounts' | 'freight_fen' | 'balance_fen' | 'cash_due_fen' | 'why' | 'combines' | 'counts'>

interface Step {
  label: string
  detail?: string
  amount: string
  kind: 'line' | 'sum' | 'off' | 'end'
}

/**
 * The sum of a price, which always adds up on the screen; `whole` also says of which goods it is and why. All amounts
 * and sentences are the server's, nothing is calculated here.
 */
Component({
  properties: { priced: { type: Object, value: {} as Sums }, whole: { type: Boolean, value: false } },
  data: { steps: [] as Step[], counts: [] as string[] },
  observers: {
    'priced, whole'(sums: Partial<Sums>, whole: boolean) {
      if (!sums.lines) return
      const known = sums as Sums
      const steps = stepsOf(known)
      this.setData({
        steps: whole ? steps : steps.filter(({ kind }) => kind !== 'line').map((step) => ({ ...step, detail: '' })),
        counts: [...without(known.combines), ...known.counts.map(({ label }) => label)],
      })
    },
  },
})

function stepsOf({ lines, items_fen: items, discounts, freight_fen: freight, balance_fen: balance, cash_due_fen: due, why }: Sums): Step[] {
  const detailOf = (name: string) => why.find(({ label }) => label === name)?.detail
  return [
    ...lines.map((line): Step => ({ kind: 'line', label: lineLabel(line), amount: priced(line.amount_fen) })),
    { kind: 'sum', label: '商品金额', amount: priced(items) },
    ...discounts.map(({ label, amount_fen: off }): Step => ({ kind: 'off', label, detail: detailOf(label), amount: signed(-off) })),
    { kind: 'sum', label: '运费', detail: detailOf('运费'), amount: freight ? signed(freight) : '免运费' },
    ...(balance ? [{ kind: 'off', label: '余额抵扣', amount: signed(-balance) } satisfies Step] : []),
    { kind: 'end', label: '微信支付', amount: priced(due) },
  ]
}

/** What cannot be combined with this kind of order. That the goods have a promotion's price is no lack. */
function without(combines: Combined[]): string[] {
  const found = combines.filter(({ what, allowed }) => !allowed && what !== 'promotion').map(({ label }) => label)
  return found.length ? [`本单不与${found.join('、')}同享`] : []
}

/** The list price, from which the sum begins. */
function lineLabel({ title, spec, quantity, unit_price_fen: each }: PricedLine): string {
  const name = [title, specText(spec)].filter(Boolean).join(' ')
  return `${name}，${priced(each)} × ${quantity}`
}
