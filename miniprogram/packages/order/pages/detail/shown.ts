/** The data with which an order's page is drawn. */
import { OrderDetail, OrderLine, Refund, Status } from '../../../../api/orders'
import { Shop } from '../../../../api/shop'
import { priced } from '../../../../lib/money'
import { minute } from '../../../../lib/time'
import { Act, actsOf } from '../../acts'
import { ShownLine, dueLabel, piecesOf, refundParts, shownLine } from '../../lines'

interface Row {
  label: string
  text: string
}

interface ShownRefund extends Row {
  no: string
  tone: string
  parts: Row[]
  reason: string
  /** Each state that the refund reached, with its time. */
  times: Row[]
  answer: string
  /** The address for the returned goods; empty if none must come back. */
  to: string
  /** The last time to send them, or the parcel in which they come. */
  parcel: string
  returning: boolean
  /** Whether the member can withdraw it. */
  open: boolean
}

/** A coupon that came with a line. */
interface ShownCoupon {
  id: number
  name: string
  text: string
}

export interface Shown {
  order: OrderDetail
  lines: Array<ShownLine & { keys: string[]; given: ShownCoupon[] }>
  acts: Act[]
  icon: string
  next: string
  /** The tracking number, or how the goods come without one. */
  way: string
  unpaid: boolean
  due: string
  pieces: string
  sums: Row[]
  /** What it counts for and what not, in the server's words. */
  counts: string[]
  steps: Row[]
  refunds: ShownRefund[]
}

const ICONS: Partial<Record<Status, string>> = {
  pending: 'time',
  paid: 'shop',
  teaming: 'usergroup',
  shipped: 'undertake-delivery',
  received: 'check-circle',
  completed: 'check-circle',
  closed: 'close-circle',
  refunded: 'rollback',
}

const TONES: Record<string, string> = { succeeded: 'tag-good', rejected: 'tag-plain', withdrawn: 'tag-plain', granting: 'tag-gold', requested: 'tag-gold', returning: 'tag-gold' }

/** What else is said of a refund in this state: what was not decided yet names what the goods cost. */
const WAITS: Record<string, string> = {
  requested: '金额以审核通过时为准',
  returning: '金额以审核通过时为准',
  processing: '微信正在退款，一般几分钟到账，退到银行卡可能要几天',
}

const WAYS: Record<string, string> = { own: '由商家送货上门，没有快递单号', pick_up: '到店自取，没有快递单号' }

/** How the sentence about goods on their way begins, where they come without express. */
const ON_THE_WAY: Record<string, string> = { own: '商家正在配送。收到', pick_up: '商品已备好，请到店自提。取到' }

/** What will happen next. The order's actions say what the member can do. */
function nextOf({ status, refund_open, shipped_by }: OrderDetail, refunds: Refund[], { policy }: Shop): string {
  if (refunds.some(({ state }) => state === 'returning')) return '商家同意退货，请寄回商品并在下方填写运单号'
  if (refunds.some(({ state }) => state === 'granting')) return '退款已同意，正在处理，结果会显示在下方'
  if (refund_open) return '退款申请正在审核，结果会显示在下方'
  switch (status) {
    case 'pending':
      return '时间到了还没付款，订单会自动关闭，库存、优惠券和余额都会退回'
    case 'paid':
      return '付款成功，商家正在准备发货'
    case 'teaming':
      return '付款成功，成团后就会发货'
    case 'shipped':
      return `${ON_THE_WAY[shipped_by ?? ''] ?? '包裹在路上。收到'}后请确认收货，发货 ${policy.receive_days} 天后会自动确认`
    case 'received':
      return `已收货，${policy.refund_days} 天内如有问题可以申请退款`
    case 'completed':
      return '订单已完成，谢谢你的信任'
    case 'closed':
      return '订单已关闭，占用的优惠券和余额已退回'
    case 'refunded':
      return '已退款，款项按付款方式原路退回'
    default:
      return '' // a state of a newer server: its label is enough
  }
}

export function shown(order: OrderDetail, refunds: Refund[], shop: Shop): Shown {
  return {
    order,
    lines: order.lines.map((line) => ({ ...shownLine(line, order.kind), keys: line.cards.map((_, at) => `${line.line_id}-${at}`), given: line.coupons.map(shownCoupon) })),
    acts: actsOf(order),
    icon: ICONS[order.status] ?? 'time',
    next: nextOf(order, refunds, shop),
    way: order.tracking_no ?? WAYS[order.shipped_by ?? ''] ?? '',
    unpaid: order.allowed_actions.includes('pay'),
    due: dueLabel(order),
    pieces: `共 ${piecesOf(order.lines)} 件`,
    sums: sumsOf(order),
    counts: order.counts.map(({ label }) => label),
    steps: order.timeline.map(({ label, time }) => ({ label, text: minute(time) })).reverse(),
    refunds: refunds.map(shownRefund),
  }
}

function shownCoupon({ id, name, state_label: state, expires_at: end }: OrderLine['coupons'][number]): ShownCoupon {
  return { id, name, text: `${state}，有效期至 ${minute(end)}` }
}

function sumsOf(order: OrderDetail): Row[] {
  return [
    { label: '商品金额', text: priced(order.items_fen) },
    ...order.discounts.map(({ label, amount_fen }) => ({ label, text: priced(-amount_fen) })),
    { label: '运费', text: order.freight_fen ? priced(order.freight_fen) : '免运费' },
    ...(order.balance_fen ? [{ label: '余额付款', text: priced(-order.balance_fen) }] : []),
  ]
}

function shownRefund(refund: Refund): ShownRefund {
  return {
    no: refund.refund_no,
    label: refund.state_label,
    tone: TONES[refund.state] ?? '',
    text: refund.delayed ? '微信没能退回原账户，商家会换一种方式退给你' : (WAITS[refund.state] ?? ''),
    parts: refundParts(refund),
    reason: refund.reason,
    times: timesOf(refund),
    answer: refund.answer ?? '',
    to: refund.return_to ?? '',
    parcel: parcelOf(refund),
    returning: refund.allowed_actions.includes('send_back'),
    open: refund.allowed_actions.includes('withdraw'),
  }
}

function timesOf({ state, requested_at, decided_at, finished_at }: Refund): Row[] {
  const [rejected, withdrawn] = [state === 'rejected', state === 'withdrawn']
  const reached = [
    { label: '提交申请', at: requested_at },
    { label: rejected ? '未通过' : '同意退款', at: decided_at },
    { label: withdrawn ? '已撤销' : '退款完成', at: rejected ? null : finished_at },
  ]
  return reached.flatMap(({ label, at }) => (at ? [{ label, text: minute(at) }] : []))
}

function parcelOf({ return_company, return_tracking_no, return_by }: Refund): string {
  if (return_tracking_no) return `已寄出：${return_company} ${return_tracking_no}`
  return return_by ? `请在 ${minute(return_by)} 前寄出` : ''
}
