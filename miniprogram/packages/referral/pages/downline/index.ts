import { Referee, downline } from '../../../../api/referral'
import { go } from '../../../../lib/go'
import { Listing, MORE } from '../../../../lib/listing'
import { LOADING } from '../../../../lib/screen'
import { day } from '../../../../lib/time'

interface Row extends Referee {
  words: string
  tone: string
  joined: string
}

/** The state of a friend's first order. */
const WORDS: Record<string, { words: string; tone: string }> = {
  none: { words: '还没有下单', tone: 'tag-plain' },
  paid: { words: '已下单，不符合计入条件', tone: 'tag-plain' },
  pending: { words: '首单待收货或成团', tone: 'tag-plain' },
  held: { words: '首单审核中', tone: 'tag-gold' },
  counted: { words: '首单已计入', tone: 'tag-good' },
  consumed: { words: '已用于一次返还', tone: 'tag-good' },
  void: { words: '首单已取消，不计入', tone: 'tag-plain' },
}
/** A state that only a newer server knows. */
const NEWER = { words: '已下过单', tone: 'tag-plain' }

Page({
  data: { screen: LOADING, items: [] as Row[], end: MORE },
  listing: null as Listing<Referee, Row> | null,

  onLoad() {
    this.listing = new Listing(
      this,
      downline,
      (one): Row => ({ ...one, ...(WORDS[one.first_order] ?? NEWER), joined: `${day(one.joined_at)} 加入` }),
    )
    void this.listing.start(true)
  },

  load() {
    return this.listing?.start()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    void this.listing?.more()
  },

  more() {
    void this.listing?.more()
  },

  share() {
    go('/packages/referral/pages/share/index')
  },
})
