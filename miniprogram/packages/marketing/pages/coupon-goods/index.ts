import { Wanted } from '../../../../api/catalogue'

/** The goods that one of the member's coupons is for. */
Page({
  data: { name: '', wanted: {} as Wanted },

  onLoad({ id, name }: Record<string, string | undefined>) {
    this.setData({ name: decodeURIComponent(name ?? ''), wanted: { coupon: Number(id) } })
  },

  onReachBottom() {
    ;(this.selectComponent('#feed') as { more?: () => void } | null)?.more?.()
  },
})
