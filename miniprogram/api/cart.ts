import { act, get } from '../lib/request'
import { Kind, StockState } from './catalogue'

export interface CartLine {
  sku_id: number
  product_id: number
  title: string
  image: string
  spec: Record<string, string>
  kind: Kind
  quantity: number
  price_fen: number
  market_price_fen: number | null
  amount_fen: number
  available: number
  stock_state: StockState
  buyable: boolean
  problem: string | null
}

export interface Cart {
  items: CartLine[]
  total_fen: number
  quantity: number
}

export const cart = (): Promise<Cart> => get('/cart')

/** Set the quantity of a SKU in the cart. */
export const put = (sku_id: number, quantity: number): Promise<Cart> => act('PUT', '/cart/items', { sku_id, quantity })

export const remove = (sku_id: number): Promise<Cart> => act('DELETE', `/cart/items/${sku_id}`)
