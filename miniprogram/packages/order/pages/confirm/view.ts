import { Address } from '../../../../api/addresses'
import { Previewed } from '../../../../api/orders'
import { Chosen } from '../../../../lib/checkout'
import { Failure } from '../../../../lib/failure'
import { signed } from '../../../../lib/money'
import { OrderCoupon } from '../../choosing'
import { drawnLine } from '../../lines'

/** The member's means for the order. */
export interface Means {
  address: Address | null
  couponId: number | null
  useBalance: boolean
  usePoints: boolean
}

/** Why this cannot be ordered, and what can be ordered instead. */
export interface Trouble {
  title: string
  text: string
  instead: Chosen[] | null
  way: string
  /** Not in the team that was asked for. */
  apart?: boolean
  /** Orders that wait for payment stand in the way. */
  unpaid?: boolean
}

/** The data with which a price is drawn. */
export type Basis = ReturnType<typeof drawn>

export function drawn(means: Means, shown: Previewed, coupons: OrderCoupon[]) {
  return {
    means,
    shown,
    coupons,
    lines: shown.lines.map((line) => drawnLine(line, shown.kind)),
    couponText: couponText(means, shown, coupons),
    may: Object.fromEntries(shown.combines.map(({ what, allowed }) => [what, allowed])),
    pointsText: pointsText(shown),
    balanceText: shown.balance_fen ? signed(-shown.balance_fen) : '',
  }
}

/** What the points take off. The points of an exchange are its price, and stand elsewhere. */
function pointsText({ kind, points, discounts }: Previewed): string {
  const off = discounts.find((one) => one.kind === 'points')
  return points && off && kind !== 'points' ? `${points} 积分 ${signed(-off.amount_fen)}` : ''
}

function couponText({ couponId }: Means, shown: Previewed, coupons: OrderCoupon[]): string {
  const off = shown.discounts.find((one) => one.kind === 'coupon')
  if (couponId && off) return signed(-off.amount_fen)
  const fitting = coupons.filter((one) => one.fits).length
  return fitting ? `${fitting} 张可用` : '暂无可用'
}

/**
 * A refusal of the goods themselves; null for any other failure. `items`: the items asked for, null for the cart;
 * `exchange`: the price is in points.
 */
export function troubleOf(error: unknown, items: Chosen[] | null, exchange = false): Trouble | null {
  if (!(error instanceof Failure)) return null
  const { code, message, detail } = error
  if (code === 'stock_insufficient') {
    const available = Number(detail.available)
    const instead = items && lessOf(items, Number(detail.sku_id), available)
    return {
      title: message,
      text: available ? `现在只剩 ${available} 件` : '刚刚被买完了',
      instead,
      way: available ? `就买 ${available} 件` : '去掉它，买其余的',
    }
  }
  if (code === 'sku_unavailable') {
    const instead = items && lessOf(items, Number(detail.sku_id), 0)
    return { title: message, text: '它刚刚下架了', instead, way: '去掉它，买其余的' }
  }
  if (code === 'unpaid_limit') return unpaidOf(detail, items, message)
  if (code === 'promotion_queued') return { title: '正在排队', text: '商品都已被下单，有人没付款就会空出来', instead: items, way: '再试一次' }
  if (code === 'promotion_refused' || code === 'promotion_unknown') return refusedBy(detail, items, message)
  if (code === 'points_unavailable' && exchange) {
    return { title: '积分不够兑换', text: `现在可用 ${Number(detail.available)} 积分`, instead: null, way: '' }
  }
  if (code !== 'items_invalid') return null
  const [lines, most] = [Number(detail.lines), Number(detail.max_lines)]
  const tooMany = lines > most
  return { title: tooMany ? '一次买不了这么多种' : message, text: tooMany ? `一个订单最多 ${most} 种商品` : '', instead: null, way: '' }
}

/** The member holds too much unpaid: fewer pieces, or the unpaid orders first. */
function unpaidOf(detail: Record<string, unknown>, items: Chosen[] | null, message: string): Trouble {
  const room = Number(detail.max_pieces ?? 0) - Number(detail.unpaid ?? 0)
  const instead = items && room > 0 ? lessOf(items, Number(detail.sku_id), room) : null
  return {
    title: message,
    text: detail.unpaid === 0 ? '' : '付款或取消后，就可以继续下单',
    instead,
    way: `就买 ${room} 件`,
    unpaid: detail.unpaid !== 0,
  }
}

/** Title and text for each reason with which a promotion refuses. */
const REASONS: Record<string, [string, string]> = {
  not_started: ['活动还没有开始', '到时间再来，商品会按活动价出售'],
  over: ['活动已经结束', '看看别的活动吧'],
  items: ['这件商品不参加活动', '请从活动页重新选择'],
  limit: ['超过了每人限购的数量', '看看你已有的订单'],
  sold_out: ['活动商品已经没有了', '看看别的活动吧'],
  team_unknown: ['没有找到这个团', ''],
  team_over: ['这个团已经结束了', ''],
  team_full: ['这个团刚刚满员了', ''],
  joined: ['你已经在这个团里了', '在「我的订单」里查看'],
}

function refusedBy(detail: Record<string, unknown>, items: Chosen[] | null, message: string): Trouble {
  const [title, text] = REASONS[String(detail.reason)] ?? [message, '']
  const apart = detail.can_open === true
  return { title, text: apart ? '可以自己开一个团，邀请好友一起拼' : text, instead: apart ? items : null, way: '自己开一个团', apart }
}

function lessOf(items: Chosen[], sku: number, available: number): Chosen[] | null {
  const less = items
    .map((item) => (item.sku_id === sku ? { ...item, quantity: available } : item))
    .filter(({ quantity }) => quantity > 0)
  return less.length ? less : null
}
