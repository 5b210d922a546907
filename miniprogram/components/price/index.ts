import { priced, split } from '../../lib/money'

/** An amount of money: small sign and cents, large yuan. `size`: s, m, l, xl. `old` crosses it out. */
Component({
  properties: {
    fen: { type: Number, value: 0 },
    size: { type: String, value: 'm' },
    tone: { type: String, value: 'brand' },
    from: { type: Boolean, value: false },
    old: { type: Boolean, value: false },
  },
  data: { whole: '', cents: '', spoken: '' },
  observers: {
    fen(fen: number) {
      this.setData({ ...split(fen), spoken: priced(fen) })
    },
  },
})
