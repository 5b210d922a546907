import { get } from '../lib/request'

export interface Banner {
  image_url: string
  title: string
  subtitle: string
  link: string
}

export interface Told {
  title: string
  text: string
}

/** The shop itself: its name, its promise in plain words, its terms. */
export interface Shop {
  name: string
  slogan: string
  now: string
  banners: Banner[]
  promise: { required: number; ratio_bp: number; pay_as: 'balance' | 'coupon'; title: string; text: string; steps: Told[] }
  rule: { version: number; valid_from: string; plain: Told[] }
  policy: { order_minutes: number; receive_days: number; refund_days: number; freight_fen: number; free_from_fen: number }
  service: { hours: string; phone?: string | null }
  agreements: Array<Told & { key: string }>
}

export const shop = (): Promise<Shop> => get('/shop', {}, 'guest')

/** A link that opens this page inside WeChat, for the pages that run elsewhere. */
export interface OpenLink {
  url: string
  code_image_url?: string | null
}
