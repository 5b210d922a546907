import * as orders from '../../../../api/orders'
import { tell } from '../../../../lib/failure'
import { back } from '../../../../lib/go'
import { askToNotify } from '../../../../lib/notices'
import { LOADING, show } from '../../../../lib/screen'
import { ShownLine, refundParts, shownLine } from '../../lines'

const REASONS = ['不想要了', '拍错或多拍了', '信息填错了', '迟迟没有发货', '商品有问题', '和描述不符']
const REASON_LETTERS = 80

interface Choice extends ShownLine {
  left: number
  pieces: number
}

interface Done {
  label: string
  parts: Array<{ label: string; text: string }>
  /** Whether it is still to be decided. */
  open: boolean
}

Page({
  data: {
    screen: LOADING,
    lines: [] as Choice[],
    reasons: REASONS,
    reason: '',
    words: '',
    wordsLeft: REASON_LETTERS,
    ready: false,
    busy: false,
    done: null as Done | null,
  },
  orderNo: '',

  onLoad({ order_no }: { order_no?: string }) {
    this.orderNo = order_no ?? ''
    void this.load()
  },

  async load() {
    await show(
      this,
      async () => {
        const order = await orders.order(this.orderNo)
        const open = order.allowed_actions.includes('refund')
        const lines = order.lines.map((line): Choice => {
          const left = line.quantity - line.refunded_quantity
          return { ...shownLine(line, order.kind), left, pieces: left }
        })
        return { lines: open ? lines.filter(({ left }) => left) : [] }
      },
      ({ lines }) => !lines.length,
    )
    this.judge()
  },

  setPieces({ currentTarget, detail }: WechatMiniprogram.CustomEvent<{ value: number }, object, { at: number }>) {
    this.setData({ [`lines[${currentTarget.dataset.at}].pieces`]: detail.value })
    this.judge()
  },

  chooseReason({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, { reason: string }>) {
    this.setData({ reason: currentTarget.dataset.reason })
    this.judge()
  },

  write({ detail }: WechatMiniprogram.Input) {
    this.setData({ words: detail.value })
    this.judge()
  },

  /** The button works once there is something to refund, and a reason. */
  judge() {
    const { lines, reason, words } = this.data
    const ready = lines.some(({ pieces }) => pieces > 0) && (reason + words).trim() !== ''
    this.setData({ ready, wordsLeft: REASON_LETTERS - (reason ? reason.length + 1 : 0) })
  },

  async submit() {
    if (this.data.busy) return
    this.setData({ busy: true })
    const { lines, reason, words } = this.data
    const chosen = lines.filter(({ pieces }) => pieces > 0).map(({ line_id, pieces }) => ({ line_id, quantity: pieces }))
    const why = [reason, words.trim()].filter(Boolean).join('：').slice(0, REASON_LETTERS)
    try {
      await askToNotify('refund')
      const refund = await orders.refund(this.orderNo, why, chosen)
      this.setData({ done: { label: refund.state_label, parts: refundParts(refund), open: refund.state === 'requested' } })
      wx.pageScrollTo({ scrollTop: 0, duration: 0 })
    } catch (error) {
      tell(error)
    } finally {
      this.setData({ busy: false })
    }
  },

  back() {
    void back()
  },
})
