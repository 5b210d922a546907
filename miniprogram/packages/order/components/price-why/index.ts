import { Combined, Priced, PricedLine } from '../../../../api/orders'
import { priced, signed } from '../../../../lib/money'
import { specText } from '../../../../lib/variants'

/** What a preview and an order have in common; of an order it is not told again what goes together. */
type Sums = Pick<Priced, 'lines' | 'items_fen' | 'discounts' | 'freight_fen' | 'balance_fen' | 'cash_due_fen'> &
  Partial<Pick<Priced, 'why' | 'combines'>>

const PRICE_PARTS = new Set(['level_discount', 'coupon', 'points', 'balance'])

interface Step {
  label: string
  detail?: string
  amount: string
  kind: 'line' | 'sum' | 'off' | 'end'
}

/** How a price comes about, step by step: the server's own sums, nothing added up here. */
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

/** What does not go together with this kind of order, and what it counts for. */
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
