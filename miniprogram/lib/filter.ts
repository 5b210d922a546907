import { Kind, Wanted } from '../api/catalogue'

/** What a person narrows the results by. */
export interface Filter {
  kind: Kind | ''
  in_stock: boolean
  min_price_fen: number | null
  max_price_fen: number | null
}

export const NO_FILTER: Filter = { kind: '', in_stock: false, min_price_fen: null, max_price_fen: null }

/** The part of a search that narrows it, without what does not. */
export function narrowing({ kind, in_stock, min_price_fen, max_price_fen }: Filter): Wanted {
  return {
    ...(kind ? { kind } : {}),
    ...(in_stock ? { in_stock } : {}),
    ...(min_price_fen === null ? {} : { min_price_fen }),
    ...(max_price_fen === null ? {} : { max_price_fen }),
  }
}
