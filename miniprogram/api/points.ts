import { act, get } from '../lib/request'
import { Listed } from '../lib/pager'

/** Points to spend, frozen and owed; what ends next and when; how the daily check-in stands. */
export interface Points {
  points: number
  frozen: number
  debt: number
  ending: number
  ends_at: string | null
  checked_in: boolean
  days: number
  /** What the next check-in brings; 0 where there is none. */
  check_in_points: number
}

export interface PointLine {
  time: string
  kind: string
  label: string
  points_delta: number
  frozen_delta: number
  debt_delta: number
  why: string
  link: string
}

export const points = (): Promise<Points> => get('/points')

export const pointLines = (cursor: string | null): Promise<Listed<PointLine>> => get('/points/statement', { cursor })

/** For today; a second time gives the same. */
export const checkIn = (): Promise<{ points: number; days: number }> => act('POST', '/points/check-in')
