import * as shares from '../api/shares'
import { Card, Channel, ShareKind } from '../api/shares'
import { currentToken } from './session'
import { absolute } from './transport'

interface Plain {
  title: string
  path: string
}

/**
 * Sharing of one page. Cards carry the member's share code, so that visitors who come through them are bound to the
 * member. A guest's card opens the same page without a code.
 */
export class Sharing {
  private readonly cards: Partial<Record<Channel, Promise<Card>>> = {}
  private timelineCard: Card | null = null

  constructor(
    private readonly kind: ShareKind,
    private readonly plain: Plain,
    private readonly targetId?: number | string,
  ) {}

  /** Get the cards in advance: WeChat waits three seconds for a card, and not at all for the timeline. */
  async prepare(): Promise<void> {
    if (!currentToken()) return
    wx.showShareMenu({ withShareTicket: true, menus: ['shareAppMessage', 'shareTimeline'], fail: () => undefined })
    try {
      const [, timeline] = await Promise.all([this.card('friend'), this.card('timeline')])
      this.timelineCard = timeline
    } catch {
      return // sharing still works, but without the code: `message` and `timeline` try again
    }
  }

  card(channel: Channel): Promise<Card> {
    const asked = (this.cards[channel] ??= shares.share(this.kind, channel, this.targetId))
    asked.catch(() => delete this.cards[channel])
    return asked
  }

  /** What `onShareAppMessage` returns. */
  message(): WechatMiniprogram.Page.ICustomShareContent & { promise?: Promise<WechatMiniprogram.Page.ICustomShareContent> } {
    if (!currentToken()) return this.plain
    const promise = this.card('friend').then(
      ({ title, path, image_url }) => ({ title, path, ...(image_url ? { imageUrl: absolute(image_url) } : {}) }),
      () => this.plain,
    )
    return { ...this.plain, promise }
  }

  /** What `onShareTimeline` returns. */
  timeline(): WechatMiniprogram.Page.ICustomTimelineContent {
    const card = this.timelineCard
    if (!card) return { title: this.plain.title, query: this.plain.path.split('?')[1] ?? '' }
    return { title: card.title, query: card.path.split('?')[1] ?? '', imageUrl: absolute(card.image_url) }
  }
}

/** Sharing of the shop itself. Do not put an instance into a page's options: WeChat copies those. */
export const shopSharing = new Sharing('home', { title: '推三返一商城，好物一起分享', path: '/pages/index/index' })
