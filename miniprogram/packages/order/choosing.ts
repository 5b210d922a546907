/** Coupons for this order: the server calculates the price with each coupon of the member, and says which is best. */
import { Choice, choices } from '../../api/coupons'
import { Wish } from '../../api/orders'
import { Failure } from '../../lib/failure'
import { fold, priced } from '../../lib/money'
import { day } from '../../lib/time'

export interface OrderCoupon extends Choice {
  figure: string
  condition: string
  until: string
}

/** The member's coupons in the server's order, and the one that makes this order cheapest (null if none does). */
export async function offered(wish: Wish): Promise<{ coupons: OrderCoupon[]; best: number | null }> {
  const { items, best_coupon_id: best } = await choices(wish)
  return { coupons: items.map(shownChoice), best }
}

function shownChoice(choice: Choice): OrderCoupon {
  const threshold = choice.threshold_fen ? `满 ${priced(choice.threshold_fen, true)} 可用` : '无门槛'
  return {
    ...choice,
    figure: choice.off_bp ? `${fold(choice.off_bp)}折` : priced(choice.amount_fen, true),
    condition: choice.scoped ? `${threshold} · ${choice.scope_label}` : threshold,
    until: `本单减 ${priced(choice.off_fen, true)} · ${day(choice.expires_at)} 前有效`,
  }
}

const REASONS: Record<string, string> = {
  state: '这张券已被使用或占用，已为你取消选择',
  expired: '这张券已过期，已为你取消选择',
  not_started: '这张券还没到可用时间，已为你取消选择',
  threshold: '商品金额没达到这张券的门槛，已为你取消选择',
  scope: '这张券不适用于这些商品，已为你取消选择',
}

/** Why the server refused the coupon. */
export function whyUnusable({ message, detail }: Failure): string {
  return REASONS[String(detail.reason)] ?? message
}
