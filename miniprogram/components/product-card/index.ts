import { ProductCard } from '../../api/catalogue'
import { go } from '../../lib/go'
import { absolute } from '../../lib/transport'

/** A product in a two-column list, or, with `wide`, in a list of one column. */
Component({
  properties: { product: { type: Object, value: {} as ProductCard }, wide: { type: Boolean, value: false } },
  data: { image: '', sold: '' },
  observers: {
    product({ image, sold_count: sold }: ProductCard) {
      this.setData({ image: image ? absolute(image) : '', sold: sold ? `已售 ${sold}` : '' })
    },
  },
  methods: {
    open() {
      go(`/pages/product/index?id=${this.data.product.id}`)
    },
  },
})
