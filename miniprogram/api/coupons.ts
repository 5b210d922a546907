import { act, actOnce, get } from '../lib/request'
import { Listed } from '../lib/pager'
import { learnClock } from '../lib/time'
import type { Wish } from './orders'

export interface Coupon {
  id: number
  name: string
  amount_fen: number
  /** The part taken off (1500: 15 %), at most `most_fen`; 0 if it is an amount. */
  off_bp: number
  most_fen: number | null
  /** The worth in words. */
  worth: string
  threshold_fen: number
  scope_label: string
  /** Whether it is only for the goods of `/coupons/{id}/products`. */
  scoped: boolean
  state: 'unused' | 'locked' | 'used' | 'expired' | 'void'
  state_label: string
  started: boolean
  starts_at: string
  expires_at: string
  discount_fen: number
}

export interface Offer {
  id: number
  name: string
  amount_fen: number
  off_bp: number
  most_fen: number | null
  worth: string
  threshold_fen: number
  scope_label: string
  /** Days from the claim; null if it has its own `starts_at` and `ends_at`. */
  valid_days: number | null
  starts_at: string | null
  ends_at: string | null
  claim_from: string | null
  claim_until: string | null
  left: number | null
  per_member: number
  claimed_by_me: number
  claimable: boolean
  refusal: string | null
  problem: string | null
}

/** A coupon and its effect on an order, as the server calculates it. */
export interface Choice extends Coupon {
  fits: boolean
  reason: string | null
  problem: string | null
  off_fen: number
  to_pay_fen: number
}

export const coupons = (state: 'unused' | 'used' | 'expired', cursor: string | null): Promise<Listed<Coupon>> =>
  get('/coupons', { state, cursor })

/** The offers of the claim centre. The answer has the server's time. */
export async function offers(): Promise<Offer[]> {
  const { items, now } = await get<Listed<Offer> & { now: string }>('/coupon-templates', {}, 'guest')
  learnClock(now)
  return items
}

export const claim = (templateId: number): Promise<unknown> => actOnce(`/coupon-templates/${templateId}/claim`)

/** The member's coupons for this order: usable ones first, the best on top. `best_coupon_id` is null if none helps. */
export const choices = (wish: Wish): Promise<{ items: Choice[]; best_coupon_id: number | null }> =>
  act('POST', '/orders/coupons', wish)
