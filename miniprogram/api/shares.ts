import { act, get } from '../lib/request'
import { Listed } from '../lib/pager'

export type ShareKind = 'home' | 'product' | 'team' | 'flash_sale'
export type Channel = 'friend' | 'group' | 'poster' | 'timeline'

export interface Card {
  share_code: string
  path: string
  title: string
  image_url: string
  scene: string
  /** The same page in a browser. */
  link: string
}

/** The results of one of the member's shares. */
export interface ShareResult {
  share_code: string
  kind: ShareKind
  target_id: string
  title: string
  image_url: string
  channel: Channel
  path: string
  created_at: string
  opened: number
  visitors: number
  bound: number
  ordered: number
}

/** The page that a share opens, and its sharer. */
export interface Landing {
  kind: ShareKind
  target_id: string
  path: string
  title: string
  sharer: string
}

interface Touch {
  visitor_id: string
  scene?: number
  group?: { encrypted_data: string; iv: string }
}

export const share = (kind: ShareKind, channel: Channel, target_id?: number | string): Promise<Card> =>
  act('POST', '/shares', target_id === undefined ? { kind, channel } : { kind, channel, target_id })

export const mine = (cursor: string | null): Promise<Listed<ShareResult>> => get('/shares', { cursor })

export const landing = (code: string): Promise<Landing> => get(`/shares/${code}`, {}, 'guest')

export const touch = (code: string, opened: Touch): Promise<unknown> => act('POST', `/shares/${code}/touch`, opened, 'guest')

/** The poster's path on the server. */
export const posterPath = (code: string): string => `/api/shares/${code}/poster.png`
