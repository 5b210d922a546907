import * as catalogue from '../../api/catalogue'
import { landing } from '../../api/shares'
import { Shop, shop } from '../../api/shop'
import { countCart } from '../../lib/badge'
import { go } from '../../lib/go'
import { priced } from '../../lib/money'
import { shareIn } from '../../lib/origin'
import { LOADING, show } from '../../lib/screen'
import { shopSharing } from '../../lib/share'
import { absolute } from '../../lib/transport'

const EVERYTHING: catalogue.Wanted = { sort: 'sales' }

/** Links to the shop's activities. */
const ENTRANCES = [
  { label: '领券中心', icon: 'coupon', path: '/packages/marketing/pages/coupon-center/index' },
  { label: '秒杀', icon: 'time', path: '/packages/marketing/pages/flash/index' },
  { label: '拼团', icon: 'usergroup', path: '/packages/marketing/pages/groups/index' },
  { label: '积分商城', icon: 'gift', path: '/packages/marketing/pages/points-mall/index' },
]

Page({
  data: {
    screen: LOADING,
    entrances: ENTRANCES,
    shop: null as Shop | null,
    categories: [] as catalogue.Category[],
    freight: '',
    wanted: EVERYTHING,
  },

  onLoad(query: Record<string, string | undefined>) {
    void this.load()
    if (query.scene) void this.follow(shareIn(query))
  },

  onShow() {
    void shopSharing.prepare()
    void countCart()
  },

  async load(anew = false) {
    await show(this, async () => {
      const [told, categories] = await Promise.all([shop(anew === true), catalogue.categories()])
      const banners = told.banners.map((banner) => ({ ...banner, image_url: absolute(banner.image_url) }))
      return {
        shop: { ...told, banners },
        freight: freightOf(told.policy),
        categories: categories.map((one) => ({ ...one, icon: one.icon ? absolute(one.icon) : '' })),
      }
    })
  },

  /** A poster's code opens the home page. Go on to the page that the poster was for. */
  async follow(code: string) {
    if (!code) return
    try {
      const { kind, path } = await landing(code)
      if (kind !== 'home') go(path)
    } catch (error) {
      console.info('poster:', error) // an unknown code: stay on the home page
    }
  },

  async onPullDownRefresh() {
    this.setData({ wanted: { ...EVERYTHING } })
    await this.load(true)
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    ;(this.selectComponent('#feed') as { more?: () => void } | null)?.more?.()
  },

  onShareAppMessage() {
    return shopSharing.message()
  },

  onShareTimeline() {
    return shopSharing.timeline()
  },

  search() {
    go('/pages/search/index')
  },

  openBanner(event: WechatMiniprogram.TouchEvent<object, object, { link: string }>) {
    go(event.currentTarget.dataset.link)
  },

  openCategory(event: WechatMiniprogram.TouchEvent<object, object, { slug: string }>) {
    getApp<{ wantedCategory?: string }>().wantedCategory = event.currentTarget.dataset.slug
    go('/pages/category/index')
  },

  enter(event: WechatMiniprogram.TouchEvent<object, object, { path: string }>) {
    go(event.currentTarget.dataset.path)
  },

  openRules() {
    go('/packages/referral/pages/rules/index')
  },
})

/** The freight of goods without a template of their own; the others say theirs on their page. */
function freightOf({ freight_fen, free_from_fen }: Shop['policy']): string {
  return `普通商品${freight_fen ? `满 ${priced(free_from_fen, true)} ` : ''}包邮`
}
