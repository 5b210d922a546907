import { Kind } from '../../api/catalogue'
import { Filter, NO_FILTER } from '../../lib/filter'
import { fenOf, yuan } from '../../lib/money'

const KINDS: Array<{ kind: Kind | ''; label: string }> = [
  { kind: '', label: '不限' },
  { kind: 'physical', label: '实物' },
  { kind: 'virtual', label: '虚拟（发卡密）' },
]

/** A sheet of filters. Fires `apply` with the new `Filter`. Changes that were not applied are lost. */
Component({
  properties: {
    visible: { type: Boolean, value: false },
    filter: { type: Object, value: NO_FILTER },
  },
  data: { kinds: KINDS, kind: '' as Kind | '', inStock: false, from: '', to: '', trouble: '' },
  observers: {
    'visible, filter'(visible: boolean, filter: Filter) {
      if (visible) this.fill(filter)
    },
  },
  methods: {
    fill({ kind, in_stock: inStock, min_price_fen: min, max_price_fen: max }: Filter) {
      this.setData({ kind, inStock, from: typed(min), to: typed(max), trouble: '' })
    },

    chooseKind({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { kind: Kind | '' }>) {
      this.setData({ kind: currentTarget.dataset.kind })
    },

    toggleStock() {
      this.setData({ inStock: !this.data.inStock })
    },

    typeFrom({ detail }: WechatMiniprogram.Input) {
      this.setData({ from: detail.value, trouble: '' })
    },

    typeTo({ detail }: WechatMiniprogram.Input) {
      this.setData({ to: detail.value, trouble: '' })
    },

    reset() {
      this.fill(NO_FILTER)
    },

    apply() {
      const { kind, inStock, from, to } = this.data
      const [min, max] = [from, to].map((text) => (text.trim() ? fenOf(text) : undefined))
      if (min === null || max === null) {
        this.setData({ trouble: '价格请填数字，最多两位小数' })
        return
      }
      if (min !== undefined && max !== undefined && min > max) {
        this.setData({ trouble: '最低价不能高于最高价' })
        return
      }
      const filter: Filter = { kind, in_stock: inStock, min_price_fen: min ?? null, max_price_fen: max ?? null }
      this.triggerEvent('apply', filter)
    },

    close() {
      this.triggerEvent('close')
    },
  },
})

function typed(fen: number | null): string {
  return fen === null ? '' : yuan(fen, true).replace(/,/g, '')
}
