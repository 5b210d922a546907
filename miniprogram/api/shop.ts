import { get } from '../lib/request'
import { learnClock } from '../lib/time'

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

export interface ShopPromise {
  required: number
  ratio_bp: number
  pay_as: 'balance' | 'coupon'
  title: string
  text: string
  steps: Told[]
}

/** The shop: its name, its promise in plain words, its terms. */
export interface Shop {
  name: string
  slogan: string
  now: string
  banners: Banner[]
  /** null before the shop has published a rule, as `rule` is. */
  promise: ShopPromise | null
  rule: { version: number; valid_from: string; plain: Told[] } | null
  policy: { order_minutes: number; receive_days: number; refund_days: number; freight_fen: number; free_from_fen: number }
  service: { hours: string; phone?: string | null }
  agreements: Array<Told & { key: string }>
}

const FRESH_MS = 60_000
let kept: { at: number; answer: Promise<Shop> } | null = null

/** The shop's data, at most a minute old; `anew` always asks the server. The answer sets the server's clock. */
export function shop(anew = false): Promise<Shop> {
  if (!kept || anew || Date.now() - kept.at > FRESH_MS) {
    const answer = get<Shop>('/shop', {}, 'guest')
    kept = { at: Date.now(), answer }
    answer.then(({ now }) => learnClock(now)).catch(() => (kept = null))
  }
  return kept.answer
}
