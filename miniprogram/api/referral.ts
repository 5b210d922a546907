import { act, get } from '../lib/request'
import { Listed } from '../lib/pager'

export interface Friend {
  nickname: string
  avatar_url: string
  state: 'counted' | 'pending' | 'held'
  paid_at: string
  counted_at: string | null
}

export interface Referral {
  share_code: string
  /** `welcome`: what the member's first order would do for the referrer; null once that is decided. */
  referrer: { nickname: string; avatar_url: string; bound_at: string; welcome: string | null } | null
  /** What the binding that the member asked for waits for, in words; null if none waits. */
  binding_waits: string | null
  progress: { required: number; counted: number; pending: number; held: number; cycles_closed: number }
  downline: { level1: number }
  rebates: { count: number; settled_fen: number; frozen_fen: number }
  friends: Friend[]
  /** `estimate_fen`: at most; 0 where nothing can be promised. `condition`: what it depends on, in words. */
  next_return: { order_no: string; in_scope_fen: number; estimate_fen: number; condition: string; title: string; image: string } | null
}

export interface Returnable {
  order_no: string
  paid_at: string
  in_scope_fen: number
  chosen: boolean
  /** Of its first line, as `image` is. */
  title: string
  image: string
}

/** `choosable`: the member may choose one of them. */
export interface Offer {
  items: Returnable[]
  choosable: boolean
}

export interface Rebate {
  id: number
  state: 'frozen' | 'settled' | 'reversed'
  state_label: string
  order_no: string
  amount_fen: number
  whole_fen: number
  required: number
  pay_as: 'balance' | 'coupon'
  withdrawable: boolean
  closed_at: string
  release_at: string | null
  /** What it waits for beside the time of `release_at`. */
  waits_for: 'receipt' | 'refund' | 'blocked' | null
  waits_label: string | null
  settled_at: string | null
  reversed_at: string | null
  explanation: {
    rule_version: number
    qualifications: Array<{ nickname: string; paid_at: string; received_at: string | null; amount_fen: number }>
    steps: Array<{ label: string; amount_fen: number }>
  }
}

export interface Referee {
  nickname: string
  avatar_url: string
  first_order: string
  joined_at: string
}

export const referral = (): Promise<Referral> => get('/me/referral')

export const returnable = (): Promise<Offer> => get('/me/referral/returnable')

export const choose = (order_no: string): Promise<Offer> => act('POST', '/me/referral/choose', { order_no })

export const rebates = (cursor: string | null): Promise<Listed<Rebate>> => get('/rebates', { cursor })

export const rebate = (id: number): Promise<Rebate> => get(`/rebates/${id}`)

export const downline = (cursor: string | null): Promise<Listed<Referee>> => get('/me/downline', { cursor })
