import { Category, Wanted, categories } from '../../api/catalogue'
import { countCart } from '../../lib/badge'
import { go } from '../../lib/go'
import { LOADING, show } from '../../lib/screen'

const EVERYTHING: Category = { id: 0, slug: '', name: '全部', icon: '', children: [] }

Page({
  data: {
    screen: LOADING,
    rail: [EVERYTHING],
    at: EVERYTHING,
    /** The chosen category below `at`, '' for all. */
    child: '',
    wanted: { sort: 'sales' } as Wanted,
    top: 0,
  },

  onLoad() {
    void this.load()
  },

  onShow() {
    void countCart()
    this.follow()
  },

  async load() {
    await show(this, async () => ({ rail: [EVERYTHING, ...(await categories())] }))
    this.follow()
  },

  /** The category that the home page asked for, once the categories are loaded. */
  follow() {
    const app = getApp<{ wantedCategory?: string }>()
    const slug = app.wantedCategory
    if (slug === undefined || this.data.screen.phase !== 'ready') return
    delete app.wantedCategory
    const above = this.data.rail.find((one) => one.slug === slug || one.children.some((child) => child.slug === slug))
    if (above) this.open(above, above.slug === slug ? '' : slug)
  },

  choose({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { at: number }>) {
    const chosen = this.data.rail[currentTarget.dataset.at]
    if (chosen && chosen.id !== this.data.at.id) this.open(chosen, '')
  },

  chooseChild({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { slug: string }>) {
    const { slug } = currentTarget.dataset
    if (slug !== this.data.child) this.open(this.data.at, slug)
  },

  open(at: Category, child: string) {
    // A scroll-view scrolls to its top only if its scroll-top changes.
    const top = this.data.top ? 0 : 1
    this.setData({ at, child, top, wanted: { sort: 'sales', category: child || at.slug } })
  },

  more() {
    ;(this.selectComponent('#feed') as { more?: () => void } | null)?.more?.()
  },

  search() {
    go('/pages/search/index')
  },
})
