import { priced, yuan } from '../../../../lib/money'

/** A coupon as a ticket: what it is worth, from which amount on, and in the slot what can be done with it. */
Component({
  properties: {
    amount: { type: Number, value: 0 },
    threshold: { type: Number, value: 0 },
    name: { type: String, value: '' },
    /** One line on its time. */
    time: { type: String, value: '' },
    /** One line on what is special. */
    remark: { type: String, value: '' },
    /** Not to be used any more. */
    off: { type: Boolean, value: false },
  },
  data: { terms: '', figure: '', spoken: '' },
  observers: {
    amount(amount: number) {
      this.setData({ figure: yuan(amount, true), spoken: priced(amount, true) })
    },
    threshold(threshold: number) {
      this.setData({ terms: threshold ? `满 ${priced(threshold, true)} 可用` : '无门槛' })
    },
  },
})
