import { Product } from '../api/catalogue'
import { GroupBuy } from '../api/group_buys'

/**
 * The product as a group buy sells it: only the variants that take part, at the price for joining or, with `opens`, for
 * opening a team. If none takes part any more, nothing is for sale and the product keeps its own prices.
 */
export function offered(product: Product, activity: GroupBuy, opens: boolean): Product {
  const terms = new Map(activity.skus.map((one) => [one.sku_id, one]))
  const skus = product.skus.flatMap((sku) => {
    const offer = terms.get(sku.id)
    if (!offer) return []
    const price_fen = opens ? (offer.leader_price_fen ?? offer.price_fen) : offer.price_fen
    return [{ ...sku, price_fen, market_price_fen: sku.price_fen, available: offer.available }]
  })
  if (!skus.length) return { ...product, skus }
  const prices = skus.map(({ price_fen: fen }) => fen)
  return { ...product, skus, min_price_fen: Math.min(...prices), max_price_fen: Math.max(...prices) }
}

export function teamPage(teamNo: string): string {
  return `/packages/marketing/pages/team/index?team_no=${teamNo}`
}
