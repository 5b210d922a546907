import { OrderPromotion } from '../api/orders'

/** The items of a confirm page in its address: `12x2.15x1` is two pieces of SKU 12 and one of SKU 15. */
export interface Chosen {
  sku_id: number
  quantity: number
}

/** Pieces of one SKU in a cart or an order: the server's limit. */
export const MOST_PIECES = 999

/** The confirm page for these items, or for the whole cart. `fromCart`: the items leave the cart when ordered. */
export function confirmPath(items: Chosen[] | null, fromCart = false): string {
  const page = '/packages/order/pages/confirm/index'
  if (!items) return page
  const text = items.map(({ sku_id, quantity }) => `${sku_id}x${quantity}`).join('.')
  return `${page}?items=${text}${fromCart ? '&cart=1' : ''}`
}

/** The confirm page for these items at the prices of a promotion; for a group buy optionally in a team. */
export function promotedPath(items: Chosen[], { kind, id, team_no }: OrderPromotion): string {
  return `${confirmPath(items)}&promotion=${kind}-${id}${team_no ? `&team=${team_no}` : ''}`
}

/** The promotion in a confirm page's address; null for a normal order. */
export function promotionOf({ promotion, team }: Record<string, string | undefined>): OrderPromotion | null {
  const [kind = '', id = ''] = (promotion ?? '').split('-')
  if (!kind || !Number(id)) return null
  return { kind, id: Number(id), ...(team ? { team_no: team } : {}) }
}

/** The items in a confirm page's address; null for the whole cart. */
export function itemsOf(text: string | undefined): Chosen[] | null {
  if (!text) return null
  return text
    .split('.')
    .map((pair) => pair.split('x').map(Number))
    .filter(([sku, quantity]) => Number.isInteger(sku) && Number.isInteger(quantity))
    .map(([sku_id = 0, quantity = 0]) => ({ sku_id, quantity }))
}
