import * as carts from '../../api/cart'
import { Cart, CartLine } from '../../api/cart'
import { Shop, shop } from '../../api/shop'
import { cartHolds } from '../../lib/badge'
import { Chosen, MOST_PIECES, confirmPath } from '../../lib/checkout'
import { tell } from '../../lib/failure'
import { go } from '../../lib/go'
import { priced } from '../../lib/money'
import { LOADING, show } from '../../lib/screen'
import { absolute } from '../../lib/transport'
import { specText } from '../../lib/variants'

interface Shown extends CartLine {
  picture: string
  specText: string
  chosen: boolean
  /** How many pieces are available now. */
  most: number
  /** Whether more are wanted than are available, and some are available. */
  reducible: boolean
}

type OnLine = WechatMiniprogram.TouchEvent<object, object, { sku: number }>

Page({
  data: {
    screen: LOADING,
    lines: [] as Shown[],
    /** Lines that the server does not let the member buy. */
    stuck: [] as Shown[],
    totalFen: 0,
    pieces: 0,
    all: true,
    freight: '',
    busy: false,
  },
  policy: null as Shop['policy'] | null,
  /** SKUs that are not chosen for the next order. New SKUs in the cart are chosen. */
  left: [] as number[],
  /** Quantities that are still to be sent, the newest per SKU; 0 removes the SKU. */
  wanted: [] as Chosen[],

  onShow() {
    void this.load()
  },

  async load() {
    await this.draw(async () => {
      const [cart, told] = await Promise.all([carts.cart(), this.policy ? null : shop()])
      this.policy ??= told?.policy ?? null
      return cart
    })
  },

  draw(read: () => Promise<Cart>) {
    return show(this, async () => this.drawn(await read()), ({ lines, stuck }) => !lines.length && !stuck.length)
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  /** The page's data for a cart and what is chosen in it. */
  drawn(cart: Cart) {
    cartHolds(cart.quantity)
    const shown = cart.items.map((line): Shown => ({
      ...line,
      picture: line.image ? absolute(line.image) : '',
      specText: specText(line.spec),
      chosen: line.buyable && !this.left.includes(line.sku_id),
      most: Math.min(line.available, MOST_PIECES),
      reducible: !line.buyable && line.available > 0 && line.quantity > line.available,
    }))
    return this.summed(shown.filter((line) => line.buyable), shown.filter((line) => !line.buyable))
  },

  summed(lines: Shown[], stuck: Shown[]) {
    const chosen = lines.filter((line) => line.chosen)
    const totalFen = chosen.reduce((sum, line) => sum + line.amount_fen, 0)
    return {
      lines,
      stuck,
      totalFen,
      pieces: chosen.reduce((sum, line) => sum + line.quantity, 0),
      all: lines.length > 0 && chosen.length === lines.length,
      freight: this.policy && chosen.some((line) => line.kind === 'physical') ? freightHint(totalFen, this.policy) : '',
    }
  },

  toggle({ currentTarget }: OnLine) {
    const { sku } = currentTarget.dataset
    const kept = this.left.filter((one) => one !== sku)
    this.left = kept.length < this.left.length ? kept : [...kept, sku]
    this.rechoose()
  },

  toggleAll() {
    this.left = this.data.all ? this.data.lines.map((line) => line.sku_id) : []
    this.rechoose()
  },

  rechoose() {
    const lines = this.data.lines.map((line) => ({ ...line, chosen: !this.left.includes(line.sku_id) }))
    this.setData(this.summed(lines, this.data.stuck))
  },

  async step({ detail, currentTarget }: WechatMiniprogram.CustomEvent<{ value: number }, object, { sku: number }>) {
    const { sku } = currentTarget.dataset
    if (detail.value === 0) await this.askToRemove(sku)
    else this.set(sku, detail.value)
  },

  reduce({ currentTarget }: OnLine) {
    const line = this.data.stuck.find((one) => one.sku_id === currentTarget.dataset.sku)
    if (line) this.set(line.sku_id, line.available)
  },

  /** A change is shown at once and sent in order. Of several quick taps on one SKU, only the last is sent. */
  set(sku: number, quantity: number) {
    const lines = this.data.lines.map((line) => (line.sku_id === sku ? { ...line, quantity } : line))
    this.setData({ lines })
    this.wanted = [...this.wanted.filter((one) => one.sku_id !== sku), { sku_id: sku, quantity }]
    void this.send()
  },

  async send() {
    if (this.data.busy) return
    this.setData({ busy: true })
    try {
      for (let next = this.wanted.shift(); next; next = this.wanted.shift()) {
        const { sku_id, quantity } = next
        const cart = await (quantity ? carts.put(sku_id, quantity) : carts.remove(sku_id))
        if (!this.wanted.length) await this.draw(async () => cart)
      }
    } catch (error) {
      this.wanted = []
      tell(error)
      await this.load()
    } finally {
      this.setData({ busy: false })
    }
  },

  remove({ currentTarget }: OnLine) {
    void this.askToRemove(currentTarget.dataset.sku)
  },

  async askToRemove(sku: number) {
    const { confirm } = await wx.showModal({ title: '从购物车移出这件商品？', confirmText: '移出', confirmColor: '#C8371F' })
    if (confirm) this.takeOut([sku])
  },

  async clearStuck() {
    const { confirm } = await wx.showModal({ title: '移出全部买不了的商品？', confirmText: '移出', confirmColor: '#C8371F' })
    if (confirm) this.takeOut(this.data.stuck.map((line) => line.sku_id))
  },

  takeOut(skus: number[]) {
    const others = this.wanted.filter(({ sku_id }) => !skus.includes(sku_id))
    this.wanted = [...others, ...skus.map((sku_id) => ({ sku_id, quantity: 0 }))]
    void this.send()
  },

  checkOut() {
    const { lines, stuck, all } = this.data
    const chosen = lines.filter((line) => line.chosen)
    const whole = all && !stuck.length
    go(confirmPath(whole ? null : chosen.map(({ sku_id, quantity }) => ({ sku_id, quantity })), true))
  },

  open({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { product: number }>) {
    go(`/pages/product/index?id=${currentTarget.dataset.product}`)
  },

  goHome() {
    go('/pages/index/index')
  },
})

function freightHint(totalFen: number, { free_from_fen: free, freight_fen: freight }: Shop['policy']): string {
  if (!freight || totalFen >= free) return '已包邮'
  return `再买 ${priced(free - totalFen, true)} 包邮`
}
