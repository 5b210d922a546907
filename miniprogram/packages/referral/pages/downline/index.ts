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
/** On lower levels only whether they bought is shown: their orders do not count for this member. */
const BOUGHT = { words: '已下过单', tone: 'tag-plain' }
const TABS = [
  { key: '1', label: '一级（计入）' },
  { key: '2', label: '二级' },
  { key: '3', label: '三级' },
]

Page({
  data: { screen: LOADING, items: [] as Row[], end: MORE, tabs: TABS, level: '1' },
  listing: null as Listing<Referee, Row> | null,

  onLoad() {
    this.open(1)
  },

  open(level: number) {
    const none = WORDS.none ?? BOUGHT
    this.listing = new Listing(
      this,
      (cursor) => downline(level, cursor),
      (one): Row => {
        const told = level === 1 ? (WORDS[one.first_order] ?? BOUGHT) : one.first_order === 'none' ? none : BOUGHT
        return { ...one, ...told, joined: `${day(one.joined_at)} 加入` }
      },
    )
    void this.listing.start(true)
  },

  change({ detail }: WechatMiniprogram.CustomEvent<{ key: string }>) {
    this.setData({ level: detail.key })
    this.open(Number(detail.key))
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
