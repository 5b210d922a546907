import { fold, priced, yuan } from '../../lib/money'

/** A coupon as a ticket: what it is worth, from which amount on, and in the slot what can be done with it. */
Component({
  properties: {
    amount: { type: Number, value: 0 },
    /** Part taken off, 1500 for 15 %; 0 where it is an amount. */
    offBp: { type: Number, value: 0 },
    /** What a percentage takes off at most; 0 without an end. */
    most: { type: Number, value: 0 },
    threshold: { type: Number, value: 0 },
    name: { type: String, value: '' },
    /** One line on its time. */
    time: { type: String, value: '' },
    /** One line on what is special. */
    remark: { type: String, value: '' },
    /** Not to be used any more. */
    off: { type: Boolean, value: false },
  },
  data: { terms: '', figure: '', spoken: '', ceiling: '' },
  observers: {
    'amount, offBp'(amount: number, offBp: number) {
      const figure = offBp ? fold(offBp) : yuan(amount, true)
      this.setData({ figure, spoken: offBp ? `${figure} 折` : priced(amount, true) })
    },
    most(most: number) {
      this.setData({ ceiling: most ? `最多减 ${priced(most, true)}` : '' })
    },
    threshold(threshold: number) {
      this.setData({ terms: threshold ? `满 ${priced(threshold, true)} 可用` : '无门槛' })
    },
  },
})
