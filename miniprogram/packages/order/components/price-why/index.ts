import { Priced, PricedLine } from '../../../../api/orders'
import { priced, signed } from '../../../../lib/money'
import { specText } from '../../../../lib/variants'

/** What a preview and an order have in common. */
type Sums = Pick<Priced, 'lines' | 'items_fen' | 'discounts' | 'freight_fen' | 'balance_fen' | 'cash_due_fen'>

interface Step {
  label: string
  amount: string
  kind: 'line' | 'sum' | 'off' | 'end'
}

/** How a price comes about, step by step: the server's own sums, nothing added up here. */
Component({
  properties: { priced: { type: Object, value: {} as Sums } },
  data: { steps: [] as Step[] },
  observers: {
    priced(sums: Partial<Sums>) {
      if (sums.lines) this.setData({ steps: stepsOf(sums as Sums) })
    },
  },
})

function stepsOf({ lines, items_fen: items, discounts, freight_fen: freight, balance_fen: balance, cash_due_fen: due }: Sums): Step[] {
  return [
    ...lines.map((line): Step => ({ kind: 'line', label: lineLabel(line), amount: priced(line.amount_fen) })),
    { kind: 'sum', label: '商品金额', amount: priced(items) },
    ...discounts.map(({ label, amount_fen: off }): Step => ({ kind: 'off', label, amount: signed(-off) })),
    { kind: 'sum', label: '运费', amount: freight ? signed(freight) : '免运费' },
    ...(balance ? [{ kind: 'off', label: '余额抵扣', amount: signed(-balance) } satisfies Step] : []),
    { kind: 'end', label: '微信支付', amount: priced(due) },
  ]
}

function lineLabel({ title, spec, quantity, unit_price_fen: each }: PricedLine): string {
  const name = [title, specText(spec)].filter(Boolean).join(' ')
  return `${name}，${priced(each)} × ${quantity}`
}
