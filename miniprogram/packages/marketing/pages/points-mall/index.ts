import { pointsGoods, points } from '../../../../api/points'
import { promotedPath } from '../../../../lib/checkout'
import { go } from '../../../../lib/go'
import { LOADING, show } from '../../../../lib/screen'
import { currentToken } from '../../../../lib/session'
import { shopSharing } from '../../../../lib/share'
import { ShownGood, shownGood } from './shown'

Page({
  data: {
    screen: LOADING,
    /** The member's points; null for a guest, who is asked to log in for an exchange. */
    held: null as number | null,
    items: [] as ShownGood[],
  },

  onShow() {
    void shopSharing.prepare()
    void this.load()
  },

  async load() {
    await show(
      this,
      async () => {
        const [goods, mine] = await Promise.all([pointsGoods(), currentToken() ? points() : null])
        const held = mine && mine.points
        return { held, items: goods.map((good) => shownGood(good, held)) }
      },
      ({ items }) => !items.length,
    )
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  openProduct({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { good: ShownGood }>) {
    go(`/pages/product/index?id=${currentTarget.dataset.good.product_id}`)
  },

  exchange({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { good: ShownGood }>) {
    const { id, sku_id } = currentTarget.dataset.good
    go(promotedPath([{ sku_id, quantity: 1 }], { kind: 'points', id }))
  },

  openPoints() {
    go('/packages/marketing/pages/level/index')
  },

  openOthers() {
    go('/pages/category/index')
  },

  onShareAppMessage() {
    return shopSharing.message()
  },

  onShareTimeline() {
    return shopSharing.timeline()
  },
})
