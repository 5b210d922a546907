import * as catalogue from '../../../../api/catalogue'
import { Sharing, shopSharing } from '../../../../lib/share'
import { absolute } from '../../../../lib/transport'

/** Something to share: a product, or the shop itself (id 0). */
export interface Choice {
  id: number
  title: string
  image: string
  price_fen: number
}

export const HOME: Choice = { id: 0, title: '商城首页', image: '', price_fen: 0 }

type Shown = Pick<catalogue.ProductCard, 'id' | 'title' | 'image' | 'min_price_fen'>

export function choiceOf({ id, title, image, min_price_fen }: Shown): Choice {
  return { id, title, image: absolute(image), price_fen: min_price_fen }
}

/** Read a product that is not among those loaded so far. */
export async function choiceById(id: number): Promise<Choice> {
  const found = await catalogue.product(id)
  return choiceOf({ ...found, image: found.images[0] ?? '' })
}

export function sharingOf({ id, title }: Choice): Sharing {
  return id ? new Sharing('product', { title, path: `/pages/product/index?id=${id}` }, id) : shopSharing
}
