import { act, get } from '../lib/request'
import { Listed } from '../lib/pager'

/** Points that are available, frozen and owed; which expire next and when; and the daily check-in. */
export interface Points {
  points: number
  frozen: number
  /** What a part of the frozen points waits for beside time, in words. */
  waits_label: string | null
  debt: number
  ending: number
  ends_at: string | null
  checked_in: boolean
  days: number
  /** What the next check-in brings; 0 if the shop has no check-in. */
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

/** A good of the points mall; points and price are per piece. `left` pieces are available. */
export interface PointsGood {
  id: number
  sku_id: number
  product_id: number
  title: string
  image: string
  spec: Record<string, string>
  points: number
  /** In addition to the points; 0 for points alone. */
  price_fen: number
  list_price_fen: number
  left: number
  per_member: number | null
  state: 'open' | 'sold_out'
}

export const pointsGoods = async (): Promise<PointsGood[]> => (await get<{ items: PointsGood[] }>('/points/goods', {}, 'guest')).items

export const points = (): Promise<Points> => get('/points')

export const pointLines = (cursor: string | null): Promise<Listed<PointLine>> => get('/points/statement', { cursor })

/** Check in for today. A second call gives the same answer. */
export const checkIn = (): Promise<{ points: number; days: number }> => act('POST', '/points/check-in')
