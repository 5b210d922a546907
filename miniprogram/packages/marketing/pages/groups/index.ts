import { GroupBuyCard, groupBuys } from '../../../../api/group_buys'
import { go } from '../../../../lib/go'
import { Listing, MORE } from '../../../../lib/listing'
import { LOADING } from '../../../../lib/screen'
import { shopSharing } from '../../../../lib/share'
import { learnClock, shortMinute } from '../../../../lib/time'
import { absolute } from '../../../../lib/transport'

interface Shown extends GroupBuyCard {
  picture: string
  starts: string
  done: string
}

Page({
  data: { screen: LOADING, items: [] as Shown[], end: MORE },
  list: null as Listing<GroupBuyCard, Shown> | null,

  onLoad() {
    void shopSharing.prepare()
    this.list = new Listing<GroupBuyCard, Shown>(this, read, shown)
    void this.load()
  },

  async load() {
    await this.list?.start()
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    void this.more()
  },

  async more() {
    await this.list?.more()
  },

  open({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { product: number }>) {
    go(`/pages/product/index?id=${currentTarget.dataset.product}`)
  },

  goHome() {
    go('/pages/index/index')
  },

  onShareAppMessage() {
    return shopSharing.message()
  },

  onShareTimeline() {
    return shopSharing.timeline()
  },
})

async function read(cursor: string | null) {
  const page = await groupBuys(cursor)
  if (page.now) learnClock(page.now)
  return page
}

function shown(item: GroupBuyCard): Shown {
  return {
    ...item,
    picture: item.image ? absolute(item.image) : '',
    starts: shortMinute(item.starts_at),
    done: item.sold ? `已拼 ${item.sold} 件` : '等你开团',
  }
}
