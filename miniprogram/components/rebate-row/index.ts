import { Rebate } from '../../api/referral'
import { go } from '../../lib/go'
import { rebatePage } from '../../lib/links'
import { day } from '../../lib/time'

const TONES: Record<Rebate['state'], string> = { frozen: 'tag-gold', settled: 'tag-good', reversed: 'tag-plain' }

/** One rebate in a list: its amount, its order and its state. */
Component({
  properties: { rebate: { type: Object, value: {} as Rebate } },
  data: { tone: '', when: '' },
  observers: {
    rebate(rebate: Rebate) {
      if (rebate.id) this.setData({ tone: TONES[rebate.state] ?? '', when: moment(rebate) })
    },
  },
  methods: {
    open() {
      go(rebatePage(this.data.rebate.id))
    },
  },
})

function moment({ state, closed_at, release_at, waits_for, waits_label, settled_at, reversed_at }: Rebate): string {
  if (state === 'settled' && settled_at) return `${day(settled_at)} 到账`
  if (state === 'reversed' && reversed_at) return `${day(reversed_at)} 收回`
  if (state !== 'frozen') return `${day(closed_at)} 入账` // a state of a newer server: promise nothing
  if (waits_label && waits_for !== 'receipt') return waits_label
  return release_at ? `预计 ${day(release_at)} 到账` : `${day(closed_at)} 入账，收货后开始计算到账时间`
}
