import { ShopPromise } from '../../api/shop'

/** The rule's promise as a picture: N friends' first orders return one order of yours. `led`: a tap opens the rule. */
Component({
  properties: { promise: { type: Object, value: {} as ShopPromise }, led: { type: Boolean, value: true } },
  data: { friends: [] as number[] },
  observers: {
    promise({ required }: Partial<ShopPromise>) {
      this.setData({ friends: Array.from({ length: Math.min(required ?? 0, 5) }, (_, at) => at + 1) })
    },
  },
})
