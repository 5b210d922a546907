import { Failure } from '../lib/failure'
import { get } from '../lib/request'
import { Listed } from '../lib/pager'

/** An activity in a list. Its prices are those of its cheapest variant. */
export interface GroupBuyCard {
  id: number
  title: string
  product_id: number
  product_title: string
  image: string
  size: number
  price_fen: number
  leader_price_fen: number | null
  list_price_fen: number
  state: 'upcoming' | 'running' | 'sold_out'
  starts_at: string
  ends_at: string
  sold: number
}

export interface GroupBuySku {
  sku_id: number
  spec: Record<string, string>
  price_fen: number
  leader_price_fen: number | null
  list_price_fen: number
  available: number
}

/** A team that can be joined. */
export interface TeamCard {
  team_no: string
  leader_name: string
  leader_avatar_url: string
  size: number
  seats_left: number
  closes_at: string
  mine: boolean
}

export interface GroupBuy extends GroupBuyCard {
  window_hours: number
  per_member: number | null
  bought: number
  skus: GroupBuySku[]
  teams: TeamCard[]
  now: string
}

export interface Team {
  team_no: string
  state: 'open' | 'full' | 'succeeded' | 'failed'
  state_label: string
  group_buy: GroupBuyCard
  size: number
  members: Array<{ name: string; avatar_url: string; leader: boolean; me: boolean }>
  /** Seats whose orders are not paid yet. */
  reserved: number
  /** Seats that the shop filled; they have no member. */
  filled: number
  seats_left: number
  closes_at: string
  ended_at: string | null
  mine: { order_no: string; status: string; leader: boolean } | null
  can_join: boolean
  can_open: boolean
  now: string
}

export const groupBuys = (cursor: string | null): Promise<Listed<GroupBuyCard> & { now: string }> =>
  get('/group-buys', { cursor }, 'guest')

export const groupBuy = (id: number): Promise<GroupBuy> => get(`/group-buys/${id}`, {}, 'guest')

/** A team and the member's own part in it. A visitor who cannot log in reads it as a guest. */
export async function team(no: string): Promise<Team> {
  try {
    return await get<Team>(`/teams/${no}`)
  } catch (error) {
    if (error instanceof Failure && error.kind === 'open_in_wechat') return get<Team>(`/teams/${no}`, {}, 'guest')
    throw error
  }
}
