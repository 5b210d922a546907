import { Kind, Wanted } from '../api/catalogue'

/** The filters that a person has set. */
export interface Filter {
  kind: Kind | ''
  in_stock: boolean
  min_price_fen: number | null
  max_price_fen: number | null
}

export const NO_FILTER: Filter = { kind: '', in_stock: false, min_price_fen: null, max_price_fen: null }

/** The query for these filters, without those that are not set. */
export function narrowing({ kind, in_stock, min_price_fen, max_price_fen }: Filter): Wanted {
  return {
    ...(kind ? { kind } : {}),
    ...(in_stock ? { in_stock } : {}),
    ...(min_price_fen === null ? {} : { min_price_fen }),
    ...(max_price_fen === null ? {} : { max_price_fen }),
  }
}
