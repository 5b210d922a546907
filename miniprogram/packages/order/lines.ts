import { Order, OrderLine, PricedLine, Refund } from '../../api/orders'
import { priced } from '../../lib/money'
import { absolute } from '../../lib/transport'
import { specText } from '../../lib/variants'

/** How a line of a preview or an order is drawn. */
export interface Drawn {
  picture: string
  specText: string
  /** The points of a piece in an exchange, beside its price: `1200 积分`. */
  pointsText: string
}

/** The data with which an order's line is drawn. */
export interface ShownLine extends OrderLine, Drawn {
  refundText: string
}

/** `kind`: that of the order. */
export function drawnLine<Line extends PricedLine>(line: Line, kind: string): Line & Drawn {
  return {
    ...line,
    picture: line.image ? absolute(line.image) : '',
    specText: specText(line.spec),
    pointsText: kind === 'points' ? `${line.points / line.quantity} 积分` : '',
  }
}

export function shownLine(line: OrderLine, kind: string): ShownLine {
  const pieces = line.refunded_quantity === line.quantity ? '已退款' : `已退 ${line.refunded_quantity} 件`
  return { ...drawnLine(line, kind), refundText: line.refunded_quantity ? pieces : '' }
}

/** The name of an order's amount: before payment, after payment, and if it was never paid. */
export function dueLabel({ allowed_actions, paid_at }: Order): string {
  if (allowed_actions.includes('pay')) return '应付'
  return paid_at ? '实付' : '合计'
}

export function piecesOf(lines: OrderLine[]): number {
  return lines.reduce((sum, { quantity }) => sum + quantity, 0)
}

/** What a refund gives back and where, with the server's amounts; if it gives nothing back, what was asked for. */
export function refundParts({ state, cash_fen, balance_fen, withheld_fen }: Refund): Array<{ label: string; text: string }> {
  if (state === 'rejected' || state === 'withdrawn') {
    return [{ label: '申请的金额（没有退）', text: priced(cash_fen + balance_fen) }]
  }
  const parts = [
    { label: '退回微信', fen: cash_fen },
    { label: '退回余额', fen: balance_fen },
    { label: '抵扣已到账的返一', fen: -withheld_fen },
  ]
  return parts.filter(({ fen }) => fen).map(({ label, fen }) => ({ label, text: priced(fen) }))
}
