import { fold, priced, yuan } from '../../lib/money'

/** A coupon as a ticket: its worth, its threshold, and in the slot its actions. */
Component({
  properties: {
    amount: { type: Number, value: 0 },
    /** The part taken off, 1500 for 15 %; 0 if it is an amount. */
    offBp: { type: Number, value: 0 },
    /** The most that a percentage takes off; 0: no limit. */
    most: { type: Number, value: 0 },
    threshold: { type: Number, value: 0 },
    name: { type: String, value: '' },
    /** One line about its validity. */
    time: { type: String, value: '' },
    /** One line about its special conditions. */
    remark: { type: String, value: '' },
    /** Whether it can no longer be used. */
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
