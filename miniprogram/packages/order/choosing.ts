/** Which coupon for this order: what the member holds, sorted by what it is worth here. The server's preview decides. */
import { Coupon, coupons } from '../../api/coupons'
import { preview, Priced, Wish } from '../../api/orders'
import { Failure } from '../../lib/failure'
import { priced } from '../../lib/money'
import { Pager } from '../../lib/pager'
import { day, now } from '../../lib/time'

export interface OrderCoupon extends Coupon {
  /** Worth trying for goods of this amount. */
  fits: boolean
  reason: string
  condition: string
  until: string
}

const TRIED = 3

/** Every coupon of the member that is not used up. */
export async function heldCoupons(): Promise<Coupon[]> {
  const pager = new Pager<Coupon>((cursor) => coupons('unused', cursor))
  const found: Coupon[] = []
  while (!pager.done) found.push(...(await pager.next()))
  return found
}

/** For goods worth so much: those that fit first, the most valuable on top, then those that end soonest. */
export function forGoods(held: Coupon[], itemsFen: number): OrderCoupon[] {
  const seen = held.map((coupon): OrderCoupon => {
    const reason = hindrance(coupon, itemsFen)
    return {
      ...coupon,
      reason,
      fits: !reason,
      condition: coupon.threshold_fen ? `满 ${priced(coupon.threshold_fen, true)} 可用` : '无门槛',
      until: `${day(coupon.expires_at)} 前有效`,
    }
  })
  return seen.sort(
    (a, b) => Number(b.fits) - Number(a.fits) || b.amount_fen - a.amount_fen || a.expires_at.localeCompare(b.expires_at),
  )
}

function hindrance({ state, state_label: label, starts_at: from, threshold_fen: threshold }: Coupon, itemsFen: number): string {
  if (state !== 'unused') return label
  if (Date.parse(from) > now()) return `${day(from)} 起可用`
  return itemsFen < threshold ? `还差 ${priced(threshold - itemsFen)}` : ''
}

/**
 * The coupon that makes this order cheapest, and its price. None where none is cheaper: a coupon may cost the free
 * delivery. Only what the server's preview accepts is offered.
 */
export async function cheapest(wish: Wish, plain: Priced, sorted: OrderCoupon[]): Promise<{ couponId: number | null; shown: Priced }> {
  const tried = sorted.filter((coupon) => coupon.fits).slice(0, TRIED)
  const answers = await Promise.all(tried.map(({ id }) => accepted({ ...wish, coupon_id: id })))
  let best = { couponId: null as number | null, shown: plain }
  answers.forEach((shown, at) => {
    if (shown && toPay(shown) < toPay(best.shown)) best = { couponId: tried[at]?.id ?? null, shown }
  })
  return best
}

function toPay({ cash_due_fen: cash, balance_fen: balance }: Priced): number {
  return cash + balance
}

async function accepted(wish: Wish): Promise<Priced | null> {
  try {
    return await preview(wish)
  } catch (error) {
    if (error instanceof Failure && error.kind === 'refused') return null
    throw error
  }
}

const REASONS: Record<string, string> = {
  state: '这张券已被使用或占用，已为你取消选择',
  expired: '这张券已过期，已为你取消选择',
  not_started: '这张券还没到可用时间，已为你取消选择',
  threshold: '商品金额没达到这张券的门槛，已为你取消选择',
}

/** Why the server would not take the coupon. */
export function whyUnusable({ message, detail }: Failure): string {
  return REASONS[String(detail.reason)] ?? message
}
