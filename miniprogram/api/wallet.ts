import { download, get } from '../lib/request'
import { Listed } from '../lib/pager'

export interface Wallet {
  /** All balance that can be spent. */
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

/** The sums of a month: what came into and went out of the available balance, and how the other balances changed. */
export interface Month {
  month: string
  entries: number
  in_fen: number
  out_fen: number
  frozen_delta_fen: number
  debt_delta_fen: number
}

export const months = async (): Promise<Month[]> => (await get<{ items: Month[] }>('/wallet/months')).items

/** Download the statement of a month as a spreadsheet ('' for all months); returns the file's path. */
export const statementFile = (month: string): Promise<string> => download('/wallet/statement.xlsx', { month })
