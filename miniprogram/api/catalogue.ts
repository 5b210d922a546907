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
  promotions: unknown[]
}

/** What narrows the list of products; what is left out does not. */
export interface Wanted {
  category?: string
  q?: string
  sort?: Sort
  kind?: Kind | ''
  in_stock?: boolean
  min_price_fen?: number
  max_price_fen?: number
}

export const categories = async (): Promise<Category[]> => (await get<Listed<Category>>('/categories', {}, 'guest')).items

export const products = (wanted: Wanted, cursor: string | null, limit = 20): Promise<Listed<ProductCard>> =>
  get('/products', { ...wanted, cursor, limit }, 'guest')

export const product = (id: number): Promise<Product> => get(`/products/${id}`, {}, 'guest')
