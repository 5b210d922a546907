import { Listed } from '../lib/pager'
import { get } from '../lib/request'

export interface CommissionLine {
  title: string
  /** The policy in words. */
  why: string
  base_fen: number
  earned_fen: number
  /** What the order's cap left of it. */
  amount_fen: number
}

/** The commission from a friend's order. The lines sum to `whole_fen`; `amount_fen` is what is left after refunds. */
export interface Commission {
  id: number
  state: 'frozen' | 'settled' | 'reversed'
  state_label: string
  order_no: string
  level: number
  whole_fen: number
  amount_fen: number
  created_at: string
  release_at: string | null
  /** What it waits for beside the time of `release_at`. */
  waits_for: 'receipt' | 'refund' | 'blocked' | null
  waits_label: string | null
  settled_at: string | null
  reversed_at: string | null
  explanation: { version: number; lines: CommissionLine[] }
}

export interface Sums {
  count: number
  settled_fen: number
  frozen_fen: number
}

export const commissions = (cursor: string | null): Promise<Listed<Commission>> => get('/commissions', { cursor })

export const commission = (id: number): Promise<Commission> => get(`/commissions/${id}`)

export const sums = (): Promise<Sums> => get('/commissions/summary')
