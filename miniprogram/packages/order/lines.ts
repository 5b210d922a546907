import { OrderLine } from '../../api/orders'
import { absolute } from '../../lib/transport'
import { specText } from '../../lib/variants'

/** A line as it is drawn. */
export interface ShownLine extends OrderLine {
  picture: string
  specText: string
  refundText: string
}

export function shownLine(line: OrderLine): ShownLine {
  const pieces = line.refunded_quantity === line.quantity ? '已退款' : `已退 ${line.refunded_quantity} 件`
  return {
    ...line,
    picture: line.image ? absolute(line.image) : '',
    specText: specText(line.spec),
    refundText: line.refunded_quantity ? pieces : '',
  }
}

export function piecesOf(lines: OrderLine[]): number {
  return lines.reduce((sum, { quantity }) => sum + quantity, 0)
}
