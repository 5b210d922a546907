import { Order } from '../../../../api/orders'
import { go } from '../../../../lib/go'
import { orderPage } from '../../../../lib/links'
import { priced } from '../../../../lib/money'
import { shortMinute } from '../../../../lib/time'
import { Act, actsOf } from '../../acts'
import { ShownLine, dueLabel, piecesOf, shownLine } from '../../lines'

const SHOWN = 2

/** An order in a list. Fires `act` with the action and the order number, and `over` when the time to pay is over. */
Component({
  properties: { order: { type: Object, value: {} as Order }, busy: { type: Boolean, value: false } },
  data: { lines: [] as ShownLine[], more: 0, acts: [] as Act[], placed: '', summary: '', refunded: '', unpaid: false, due: '' },
  observers: {
    order(order: Order) {
      if (!order.order_no) return
      const balance = order.balance_fen ? `，余额付 ${priced(order.balance_fen)}` : ''
      this.setData({
        lines: order.lines.slice(0, SHOWN).map((line) => shownLine(line, order.kind)),
        more: Math.max(0, order.lines.length - SHOWN),
        acts: actsOf(order),
        placed: shortMinute(order.created_at),
        summary: `共 ${piecesOf(order.lines)} 件${balance}`,
        refunded: order.refunded_fen ? `已退 ${priced(order.refunded_fen)}` : '',
        due: dueLabel(order),
        unpaid: order.allowed_actions.includes('pay'),
      })
    },
  },
  methods: {
    open() {
      go(orderPage(this.data.order.order_no))
    },

    act({ currentTarget }: WechatMiniprogram.TouchEvent<object, object, Pick<Act, 'action'>>) {
      if (this.data.busy) return
      this.triggerEvent('act', { action: currentTarget.dataset.action, no: this.data.order.order_no })
    },

    over() {
      this.triggerEvent('over')
    },
  },
})
