import { actOnce, get } from '../lib/request'
import { Listed } from '../lib/pager'

export interface Coupon {
  id: number
  name: string
  amount_fen: number
  threshold_fen: number
  state: 'unused' | 'locked' | 'used' | 'expired' | 'void'
  state_label: string
  starts_at: string
  expires_at: string
  discount_fen: number
}

export interface Offer {
  id: number
  name: string
  amount_fen: number
  threshold_fen: number
  valid_days: number
  left: number | null
  per_member: number
  claimed_by_me: number
  claimable: boolean
  problem: string | null
}

export const coupons = (state: 'unused' | 'used' | 'expired', cursor: string | null): Promise<Listed<Coupon>> =>
  get('/coupons', { state, cursor })

export const offers = async (): Promise<Offer[]> => (await get<Listed<Offer>>('/coupon-templates', {}, 'guest')).items

export const claim = (templateId: number): Promise<unknown> => actOnce(`/coupon-templates/${templateId}/claim`)
