import { get } from '../lib/request'
import { learnClock } from '../lib/time'

export type SaleState = 'not_started' | 'running' | 'over'
/** `queued`: every piece is taken, but not every one is paid; some may come back. */
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

/** The sessions of today. The answer sets the clock that countdowns run by. */
export async function flashSales(): Promise<FlashSale[]> {
  const { now, items } = await get<Told & { items: FlashSale[] }>('/flash-sales', {}, 'guest')
  learnClock(now)
  return items
}

/** One session, whatever its day. */
export async function flashSale(id: number): Promise<FlashSale> {
  const { now, ...sale } = await get<Told & FlashSale>(`/flash-sales/${id}`, {}, 'guest')
  learnClock(now)
  return sale
}
