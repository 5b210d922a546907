import { OrderCoupon } from '../../choosing'

/** Choose a coupon for an order, or none. Fires `choose` with `{id}`, null for none. */
Component({
  properties: {
    visible: { type: Boolean, value: false },
    coupons: { type: Array, value: [] as OrderCoupon[] },
    chosen: { type: Number, value: 0 },
  },
  methods: {
    choose({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { id: number; fits: boolean }>) {
      const { id, fits } = currentTarget.dataset
      if (fits) this.triggerEvent('choose', { id: id || null })
    },

    close() {
      this.triggerEvent('close')
    },
  },
})
