import { get } from '../lib/request'
import { Listed } from '../lib/pager'

export interface Wallet {
  /** All that can be spent. */
  available_fen: number
  /** The part of it that can be withdrawn. */
  withdrawable_fen: number
  frozen_fen: number
  in_flight_fen: number
  debt_fen: number
  points: number
}

export interface StatementLine {
  time: string
  kind: string
  label: string
  available_delta_fen: number
  frozen_delta_fen: number
  debt_delta_fen: number
  available_after_fen: number
  why: string
  link: string
}

export const wallet = (): Promise<Wallet> => get('/wallet')

export const statement = (month: string, kind: string, cursor: string | null): Promise<Listed<StatementLine>> =>
  get('/wallet/statement', { month, kind, cursor })
