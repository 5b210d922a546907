import { Month, StatementLine, months, statement, statementFile } from '../../../../api/wallet'
import { tell } from '../../../../lib/failure'
import { Listing, MORE } from '../../../../lib/listing'
import { priced, signed } from '../../../../lib/money'
import { LOADING } from '../../../../lib/screen'
import { monthOf, now } from '../../../../lib/time'

interface Row {
  line: StatementLine
  month: string
  /** The month, on the first line of each month. */
  heading: string
}

/** The sums of a month in words. */
interface Total {
  came: string
  went: string
  others: string[]
}

/** The filters for members; `key` is the server's group of kinds of entry, '' for all. */
const KINDS = [
  { key: '', label: '全部' },
  { key: 'rebate', label: '返一' },
  { key: 'commission', label: '佣金' },
  { key: 'order', label: '订单' },
  { key: 'withdrawal', label: '提现' },
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
    /** The sums by month; shown only without a filter. */
    totals: {} as Record<string, Total>,
    busy: false,
  },
  listing: null as Listing<StatementLine, Row> | null,

  onLoad({ kind }: { kind?: string }) {
    const known = KINDS.some(({ key }) => key === kind)
    this.setData({ lastMonth: monthOf(now()), kind: known ? kind : '' })
    this.listing = new Listing(this, (cursor) => this.read(cursor), row)
    void this.load()
  },

  load() {
    return this.listing?.start()
  },

  /** The sums are loaded together with the first page. */
  async read(cursor: string | null) {
    if (cursor) return statement(this.data.month, this.data.kind, cursor)
    const [page, all] = await Promise.all([statement(this.data.month, this.data.kind, null), months()])
    this.setData({ totals: Object.fromEntries(all.map((one) => [one.month, total(one)])) })
    return page
  },

  async save() {
    if (this.data.busy) return
    this.setData({ busy: true })
    try {
      wx.openDocument({
        filePath: await statementFile(this.data.month),
        fileType: 'xlsx',
        showMenu: true,
        fail: () => void wx.showToast({ title: '文件没有打开，请重试', icon: 'none' }),
      })
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
    }
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

function total({ in_fen, out_fen, frozen_delta_fen, debt_delta_fen }: Month): Total {
  const others = [
    frozen_delta_fen ? `冻结 ${signed(frozen_delta_fen)}` : '',
    debt_delta_fen ? `待抵扣 ${signed(debt_delta_fen)}` : '',
  ]
  return { came: priced(in_fen), went: priced(out_fen), others: others.filter(Boolean) }
}

function words(month: string): string {
  const [year = '', number = ''] = month.split('-')
  return `${year}年${Number(number)}月`
}
