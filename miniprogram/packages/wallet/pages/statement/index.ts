import { StatementLine, statement } from '../../../../api/wallet'
import { Listing, MORE } from '../../../../lib/listing'
import { LOADING } from '../../../../lib/screen'
import { monthOf, now } from '../../../../lib/time'

interface Row {
  line: StatementLine
  month: string
  /** The month, where a new one begins. */
  heading: string
}

/** What members can look for; `key` is the server's kind of entry, '' for all. */
const KINDS = [
  { key: '', label: '全部' },
  { key: 'rebate_stage', label: '返一入账' },
  { key: 'rebate_release', label: '返一到账' },
  { key: 'rebate_take_back', label: '返一收回' },
  { key: 'order_hold', label: '下单使用' },
  { key: 'order_release', label: '关单退回' },
  { key: 'refund', label: '订单退款' },
]

Page({
  data: {
    screen: LOADING,
    items: [] as Row[],
    end: MORE,
    kinds: KINDS,
    kind: '',
    month: '',
    monthWords: '',
    lastMonth: '',
  },
  listing: null as Listing<StatementLine, Row> | null,

  onLoad() {
    this.setData({ lastMonth: monthOf(now()) })
    this.listing = new Listing(this, (cursor) => statement(this.data.month, this.data.kind, cursor), row)
    void this.load()
  },

  load() {
    return this.listing?.start()
  },

  chooseKind({ detail }: WechatMiniprogram.CustomEvent<{ key: string }>) {
    this.setData({ kind: detail.key })
    void this.listing?.start(true)
  },

  chooseMonth({ detail }: WechatMiniprogram.PickerChange) {
    this.narrow(String(detail.value).slice(0, 7))
  },

  allMonths() {
    this.narrow('')
  },

  narrow(month: string) {
    this.setData({ month, monthWords: month && words(month) })
    void this.listing?.start(true)
  },

  async onPullDownRefresh() {
    await this.load()
    wx.stopPullDownRefresh()
  },

  onReachBottom() {
    void this.listing?.more()
  },

  more() {
    void this.listing?.more()
  },
})

function row(line: StatementLine, above: Row | undefined): Row {
  const month = monthOf(Date.parse(line.time))
  return { line, month, heading: month === above?.month ? '' : words(month) }
}

function words(month: string): string {
  const [year = '', number = ''] = month.split('-')
  return `${year}年${Number(number)}月`
}
