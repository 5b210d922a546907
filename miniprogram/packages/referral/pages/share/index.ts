import * as catalogue from '../../../../api/catalogue'
import { posterPath } from '../../../../api/shares'
import { tell } from '../../../../lib/failure'
import { go } from '../../../../lib/go'
import { Pager } from '../../../../lib/pager'
import { LOADING, show } from '../../../../lib/screen'
import { Sharing } from '../../../../lib/share'
import { absolute } from '../../../../lib/transport'
import { Choice, HOME, choiceById, choiceOf, sharingOf } from './choices'

const everything = (): Pager<catalogue.ProductCard> => new Pager((cursor) => catalogue.products({ sort: 'sales' }, cursor))
const TABS = [
  { key: 'share', label: '去分享' },
  { key: 'results', label: '我的分享效果' },
]

Page({
  data: {
    screen: LOADING,
    tabs: TABS,
    tab: 'share',
    choices: [HOME] as Choice[],
    chosen: HOME as Choice,
    card: { title: '', image: '' },
    acting: false,
  },
  products: null as Pager<catalogue.ProductCard> | null,
  sharing: null as Sharing | null,

  /** `id`: the product to share. */
  onLoad(query: { id?: string }) {
    void this.load(Number(query.id) || HOME.id)
  },

  retry() {
    void this.load(this.data.chosen.id)
  },

  async load(id: number) {
    await show(this, async () => {
      const products = everything()
      this.products = products
      const choices = [HOME, ...(await products.next()).map(choiceOf)]
      const known = choices.find((choice) => choice.id === id)
      const chosen = known ?? (await choiceById(id))
      if (!known) choices.splice(1, 0, chosen)
      return { choices, chosen, card: await this.take(chosen) }
    })
  },

  /** Share this from now on; returns its card. */
  async take(chosen: Choice): Promise<{ title: string; image: string }> {
    const sharing = sharingOf(chosen)
    this.sharing = sharing
    const { title, image_url } = await sharing.card('friend')
    void sharing.prepare()
    return { title, image: absolute(image_url) || chosen.image }
  },

  async choose({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { id: number }>) {
    const chosen = this.data.choices.find(({ id }) => id === currentTarget.dataset.id)
    if (!chosen || chosen.id === this.data.chosen.id || this.data.acting) return
    this.setData({ chosen, acting: true })
    await this.quietly(async () => this.setData({ card: await this.take(chosen) }))
  },

  async moreProducts() {
    try {
      const products: Choice[] = ((await this.products?.next()) ?? []).map(choiceOf)
      const choices = this.data.choices
      const known = new Set(choices.map(({ id }) => id))
      this.setData({ choices: [...choices, ...products.filter(({ id }) => !known.has(id))] })
    } catch (error) {
      tell(error)
    }
  },

  onShareAppMessage() {
    return this.sharing?.message() ?? {}
  },

  onShareTimeline() {
    return this.sharing?.timeline() ?? {}
  },

  async makePoster() {
    if (this.data.acting) return
    this.setData({ acting: true })
    await this.quietly(async () => {
      const { share_code } = await sharingOf(this.data.chosen).card('poster')
      const poster = this.selectComponent('#poster') as { open?: (path: string) => Promise<void> } | null
      await poster?.open?.(posterPath(share_code))
    })
  },

  async copyLink() {
    if (this.data.acting) return
    this.setData({ acting: true })
    await this.quietly(async () => {
      const { link } = await sharingOf(this.data.chosen).card('friend')
      await wx.setClipboardData({ data: link })
    })
  },

  async quietly(work: () => Promise<unknown>) {
    try {
      await work()
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ acting: false })
    }
  },

  change({ detail }: WechatMiniprogram.CustomEvent<{ key: string }>) {
    this.setData({ tab: detail.key })
  },

  onReachBottom() {
    ;(this.selectComponent('#results') as { more?: () => void } | null)?.more?.()
  },

  openRules() {
    go('/packages/referral/pages/rules/index')
  },
})
