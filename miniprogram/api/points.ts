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

/** What is to be had for points, per piece; `left` pieces can be. */
export interface PointsGood {
  id: number
  sku_id: number
  product_id: number
  title: string
  image: string
  spec: Record<string, string>
  points: number
  /** Besides the points; 0 for points alone. */
  price_fen: number
  list_price_fen: number
  left: number
  per_member: number | null
  state: 'open' | 'sold_out'
}

export const pointsGoods = async (): Promise<PointsGood[]> => (await get<{ items: PointsGood[] }>('/points/goods', {}, 'guest')).items

export const points = (): Promise<Points> => get('/points')

export const pointLines = (cursor: string | null): Promise<Listed<PointLine>> => get('/points/statement', { cursor })

/** For today; a second time gives the same. */
export const checkIn = (): Promise<{ points: number; days: number }> => act('POST', '/points/check-in')
