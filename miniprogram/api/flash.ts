import { get } from '../lib/request'
import { learnClock } from '../lib/time'

export type SaleState = 'not_started' | 'running' | 'over'
/** `queued`: all pieces are taken, but some are not paid yet and may come back. */
export type ItemState = SaleState | 'queued' | 'sold_out'

export interface FlashItem {
  id: number
  sku_id: number
  product_id: number
  title: string
  image: string
  spec: Record<string, string>
  price_fen: number
  list_price_fen: number
  stock: number
  left: number
  taken_bp: number
  per_member: number
  state: ItemState
}

export interface FlashSale {
  id: number
  name: string
  starts_at: string
  ends_at: string
  state: SaleState
  state_label: string
  items: FlashItem[]
}

interface Told {
  now: string
}

/** Today's sessions. The answer sets the clock of the countdowns. */
export async function flashSales(): Promise<FlashSale[]> {
  const { now, items } = await get<Told & { items: FlashSale[] }>('/flash-sales', {}, 'guest')
  learnClock(now)
  return items
}

/** One session of any day. */
export async function flashSale(id: number): Promise<FlashSale> {
  const { now, ...sale } = await get<Told & FlashSale>(`/flash-sales/${id}`, {}, 'guest')
  learnClock(now)
  return sale
}

/** Pieces that the member has of an item. `label` says so where the member can have no more. */
export interface Taken {
  id: number
  taken: number
  per_member: number
  label: string | null
}

export const taken = async (): Promise<Taken[]> => (await get<{ items: Taken[] }>('/flash-sales/mine')).items
