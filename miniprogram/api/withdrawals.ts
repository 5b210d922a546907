import { Listed } from '../lib/pager'
import { act, actOnce, get } from '../lib/request'

export type WithdrawalState =
  | 'requested'
  | 'approved'
  | 'sent'
  | 'confirming'
  | 'paid'
  | 'rejected'
  | 'failed'
  | 'expired'
  | 'cancelled'

/** amount = fee + tax + payout. */
export interface Quote {
  amount_fen: number
  fee_fen: number
  tax_fen: number
  payout_fen: number
  needs_name: boolean
  /** Whether an operator must approve it first. */
  reviewed: boolean
}

/** The current terms. If an amount was given, also `quote`, or `problem`: why it would be refused. */
export interface Preview {
  withdrawable_fen: number
  least_fen: number
  /** The largest amount that can be withdrawn now; 0 if none can. */
  most_fen: number
  day_left_count: number
  day_left_fen: number
  fee_bp: number
  name_from_fen: number
  quote: Quote | null
  problem: string | null
}

export interface Withdrawal {
  withdrawal_no: string
  state: WithdrawalState
  state_label: string
  amount_fen: number
  fee_fen: number
  tax_fen: number
  payout_fen: number
  why: string | null
  /** The member cancelled, but WeChat has not agreed yet. */
  cancelling: boolean
  allowed_actions: Array<'confirm' | 'cancel'>
  requested_at: string
  finished_at: string | null
  steps: Array<{ state: WithdrawalState; label: string; at: string }>
  confirm: { mch_id: string; app_id: string; package: string } | null
}

export const preview = (amount_fen: number | null): Promise<Preview> => get('/withdrawals/preview', { amount_fen })

export const request = (amount_fen: number, real_name: string): Promise<Withdrawal> =>
  actOnce('/withdrawals', real_name ? { amount_fen, real_name } : { amount_fen })

export const withdrawals = (cursor: string | null): Promise<Listed<Withdrawal>> => get('/withdrawals', { cursor })

export const withdrawal = (no: string): Promise<Withdrawal> => get(`/withdrawals/${no}`)

export const cancel = (no: string): Promise<Withdrawal> => act('POST', `/withdrawals/${no}/cancel`)
