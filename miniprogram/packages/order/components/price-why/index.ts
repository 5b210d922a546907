import { Combined, Priced, PricedLine } from '../../../../api/orders'
import { priced, signed } from '../../../../lib/money'
import { specText } from '../../../../lib/variants'

/** The common part of a preview and an order. For an order, what can be combined is not shown again. */
type Sums = Pick<Priced, 'lines' | 'items_fen' | 'discounts' | 'freight_fen' | 'balance_fen' | 'cash_due_fen'> &
  Partial<Pick<Priced, 'why' | 'combines'>>

const PRICE_PARTS = new Set(['level_discount', 'coupon', 'points', 'balance'])

interface Step {
  label: string
  detail?: string
  amount: string
  kind: 'line' | 'sum' | 'off' | 'end'
}

/** The steps of a price, with the server's sums; nothing is calculated here. */
Component({
  properties: { priced: { type: Object, value: {} as Sums } },
  data: { steps: [] as Step[], counts: [] as string[] },
  observers: {
    priced(sums: Partial<Sums>) {
      if (sums.lines) this.setData({ steps: stepsOf(sums as Sums), counts: countsOf(sums.combines ?? []) })
    },
  },
})

function stepsOf({ lines, items_fen: items, discounts, freight_fen: freight, balance_fen: balance, cash_due_fen: due, why = [] }: Sums): Step[] {
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

/** What cannot be combined with this kind of order, and what the order does not count for. */
function countsOf(combines: Combined[]): string[] {
  const without = combines.filter(({ what, allowed }) => !allowed && PRICE_PARTS.has(what)).map(({ label }) => label)
  const rewards = combines.filter(({ what }) => what === 'qualifies' || what === 'returnable')
  return [
    ...(without.length ? [`本单不与${without.join('、')}同享`] : []),
    ...rewards.map(({ label, allowed }) => `${allowed ? '本单' : '本单不'}${label}`),
  ]
}

function lineLabel({ title, spec, quantity, unit_price_fen: each }: PricedLine): string {
  const name = [title, specText(spec)].filter(Boolean).join(' ')
  return `${name}，${priced(each)} × ${quantity}`
}
