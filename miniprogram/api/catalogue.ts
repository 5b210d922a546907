import { get } from '../lib/request'
import { Listed } from '../lib/pager'

export interface Category {
  id: number
  slug: string
  name: string
  icon: string
  children: Category[]
}

export type StockState = 'in_stock' | 'low' | 'sold_out'
export type Kind = 'physical' | 'virtual'
export type Sort = 'newest' | 'price_asc' | 'price_desc' | 'sales'

export interface ProductCard {
  id: number
  title: string
  subtitle: string
  image: string
  kind: Kind
  category_id: number
  min_price_fen: number
  max_price_fen: number
  market_price_fen: number | null
  sold_count: number
  stock_state: StockState
  min_level: LevelNeeded | null
}

/** Members below this level cannot buy it; 0 is the lowest. */
export interface LevelNeeded {
  position: number
  name: string
}

export interface Sku {
  id: number
  code: string
  spec: Record<string, string>
  price_fen: number
  market_price_fen: number | null
  stock_state: StockState
  available: number
}

/** A promotion that runs or is announced for a product. The price is that of its cheapest variant. */
export interface Promotion {
  kind: 'group_buy' | 'flash_sale' | 'points'
  id: number
  label: string
  price_fen: number
  points: number
  sku_ids: number[]
  starts_at: string
  /** null: until the shop ends it. */
  ends_at: string | null
}

export interface Product {
  id: number
  title: string
  subtitle: string
  images: string[]
  kind: Kind
  category: { id: number; slug: string; name: string }
  detail: string
  min_price_fen: number
  max_price_fen: number
  sold_count: number
  skus: Sku[]
  /** How many pieces one member may buy. */
  limit_each: number | null
  /** Sold only in the points mall. */
  exchange_only: boolean
  min_level: LevelNeeded | null
  /** For goods whose pieces are coupons: what one coupon is worth. */
  coupon: string | null
  /** When it goes off sale. */
  off_from: string | null
  /** The shipping cost, line by line; empty: the shop's freight applies. */
  freight: string[]
  promotions: Promotion[]
}

/** Filters of the product list; a missing one does not filter. */
export interface Wanted {
  category?: string
  q?: string
  sort?: Sort
  kind?: Kind | ''
  in_stock?: boolean
  min_price_fen?: number
  max_price_fen?: number
  /** Only goods for this coupon of the member, best sellers first. Other filters have no effect. */
  coupon?: number
}

export const categories = async (): Promise<Category[]> => (await get<Listed<Category>>('/categories', {}, 'guest')).items

export const products = ({ coupon, ...wanted }: Wanted, cursor: string | null, limit = 20): Promise<Listed<ProductCard>> =>
  coupon ? get(`/coupons/${coupon}/products`, { cursor, limit }) : get('/products', { ...wanted, cursor, limit }, 'guest')

export const product = (id: number): Promise<Product> => get(`/products/${id}`, {}, 'guest')
