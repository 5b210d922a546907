import { Product, Sku } from '../../api/catalogue'
import { MOST_PIECES } from '../../lib/checkout'
import { Choice, chosenSku, given, missing, specRows, SpecRow, specText } from '../../lib/variants'
import { absolute } from '../../lib/transport'

/** The button that opened the sheet; with `both` the sheet shows both buttons. */
export type Intent = 'cart' | 'buy' | 'both'

export interface Picked {
  sku: Sku
  quantity: number
  act: 'cart' | 'buy'
}

/** Choose variant and quantity. Fires `pick` with a `Picked`, and `choice` with a summary of the choice. */
Component({
  properties: {
    product: { type: Object, value: {} as Product },
    visible: { type: Boolean, value: false },
    intent: { type: String, value: 'both' as Intent },
    busy: { type: Boolean, value: false },
    /** The text of the buy button. */
    act: { type: String, value: '立即购买' },
  },
  data: {
    choice: {} as Choice,
    rows: [] as SpecRow[],
    sku: null as Sku | null,
    quantity: 1,
    most: 1,
    image: '',
    stock: '',
    lacking: '',
  },
  observers: {
    product(product: Partial<Product>) {
      if (product.skus) this.choose(this.data.choice, product as Product)
    },
  },
  methods: {
    tapOption({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { name: string; value: string; state: string }>) {
      const { name, value, state } = currentTarget.dataset
      if (state !== 'open') return
      const { [name]: before, ...others } = this.data.choice
      this.choose(before === value ? others : { ...others, [name]: value }, this.data.product as Product)
    },

    choose(wanted: Choice, { skus, kind, coupon, images }: Product) {
      const choice = { ...wanted, ...given(skus) }
      const sku = chosenSku(skus, choice)
      const lacking = missing(skus, choice).join('、')
      const most = Math.max(1, Math.min(sku?.available ?? 1, MOST_PIECES))
      this.setData({
        choice,
        sku,
        lacking,
        rows: specRows(skus, choice),
        image: images[0] ? absolute(images[0]) : '',
        most,
        quantity: Math.min(this.data.quantity, most),
        stock: sku ? stockLine(sku, kind, coupon) : `请选择 ${lacking}`,
      })
      this.tellChoice()
    },

    setQuantity({ detail }: WechatMiniprogram.CustomEvent<{ value: number }>) {
      this.setData({ quantity: detail.value })
      this.tellChoice()
    },

    tellChoice() {
      const { sku, quantity, lacking } = this.data
      const words = sku ? [specText(sku.spec), `${quantity} 件`].filter(Boolean).join('，') : ''
      this.triggerEvent('choice', { text: words ? `已选 ${words}` : `请选择 ${lacking}` })
    },

    pick({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { act: Picked['act'] }>) {
      const { sku, quantity, lacking } = this.data
      if (!sku) {
        void wx.showToast({ title: `请选择 ${lacking}`, icon: 'none' })
        return
      }
      this.triggerEvent('pick', { sku, quantity, act: currentTarget.dataset.act } satisfies Picked)
    },

    close() {
      this.triggerEvent('close')
    },
  },
})

function stockLine({ available, stock_state: state }: Sku, kind: Product['kind'], coupon: Product['coupon']): string {
  if (state === 'sold_out') return '已售罄'
  const stock = state === 'low' ? `仅剩 ${available} 件` : `库存 ${available} 件`
  return kind === 'virtual' ? `${stock}，付款后自动发${coupon ? '券' : '卡密'}` : stock
}
