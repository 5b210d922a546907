import { ShopPromise } from '../../api/shop'

/** The rule's promise in one plain picture: so many friends' first orders, one of your own orders back. `led` says that a tap leads to the rule. */
Component({
  properties: { promise: { type: Object, value: {} as ShopPromise }, led: { type: Boolean, value: true } },
  data: { friends: [] as number[] },
  observers: {
    promise({ required }: Partial<ShopPromise>) {
      this.setData({ friends: Array.from({ length: Math.min(required ?? 0, 5) }, (_, at) => at + 1) })
    },
  },
})
