import { act, actOnce, get } from '../lib/request'
import { Listed } from '../lib/pager'

/** The promotion of an order. With `team_no` the order joins that team, else it opens one. */
export interface OrderPromotion {
  kind: string
  id: number
  team_no?: string
}

export interface Wish {
  items?: Array<{ sku_id: number; quantity: number }>
  from_cart?: boolean
  address_id?: number | null
  coupon_id?: number | null
  points?: number
  use_balance_fen?: number
  promotion?: OrderPromotion
  remark?: string
}

export interface PricedLine {
  sku_id: number
  product_id: number
  title: string
  image: string
  spec: Record<string, string>
  quantity: number
  /** The list price of a piece. */
  unit_price_fen: number
  /** The price of a piece in the order's promotion, else the list price. */
  price_fen: number
  amount_fen: number
  discount_fen: number
  coupon_fen: number
  points_fen: number
  points: number
  balance_fen: number
  cash_fen: number
}

export interface Discount {
  kind: string
  label: string
  amount_fen: number
}

/** One step of how the price was calculated. */
export interface PriceReason {
  label: string
  detail: string
  amount_fen: number
}

/** Whether something can be combined with this kind of order. */
export interface Combined {
  what: 'promotion' | 'level_discount' | 'coupon' | 'points' | 'balance'
  label: string
  allowed: boolean
}

/** What the order counts for in 推三返一, as a sentence. */
export interface Counting {
  what: 'qualifies' | 'returnable'
  counts: boolean
  label: string
}

/** items − discounts + freight − balance = cash due; `order_no` is null in a preview. */
export interface Priced {
  order_no: string | null
  lines: PricedLine[]
  items_fen: number
  discounts: Discount[]
  freight_fen: number
  balance_fen: number
  points: number
  cash_due_fen: number
  kind: string
  why: PriceReason[]
  combines: Combined[]
  /** Whether something must be sent, so that an address is needed. */
  address_needed: boolean
  expires_at: string | null
}

/** An order before it is placed. */
export interface Previewed extends Priced {
  counts: Counting[]
}

export type Status = 'pending' | 'paid' | 'teaming' | 'shipped' | 'received' | 'completed' | 'closed' | 'refunded'
export type Action = 'pay' | 'cancel' | 'refund' | 'receive' | 'share_team'

export interface OrderLine extends PricedLine {
  line_id: number
  refunded_quantity: number
  refunded_fen: number
  cards: string[]
  coupons: Array<{ id: number; name: string; state: string; state_label: string; expires_at: string; taken_back: boolean }>
}

export interface Order {
  order_no: string
  status: Status
  status_label: string
  kind: string
  lines: OrderLine[]
  items_fen: number
  discounts: Discount[]
  freight_fen: number
  balance_fen: number
  cash_due_fen: number
  refunded_fen: number
  created_at: string
  expires_at: string
  paid_at: string | null
  allowed_actions: Action[]
  refund_open: boolean
}

export interface OrderDetail extends Order {
  address: { name: string; phone: string; region: string; detail: string } | null
  remark: string
  /** How the goods come, and who brings them. Only express has a company and a tracking number. */
  shipped_by: 'express' | 'own' | 'pick_up' | null
  shipped_by_label: string | null
  company: string | null
  tracking_no: string | null
  timeline: Array<{ label: string; time: string }>
  rebate_id: number | null
  counts: Counting[]
  team_no: string | null
}

export interface Refund {
  refund_no: string
  state: string
  state_label: string
  reason: string
  cash_fen: number
  balance_fen: number
  withheld_fen: number
  points: number
  requested_at: string
  decided_at: string | null
  finished_at: string | null
  /** The shop's message about its decision. */
  answer: string | null
  /** The address for the returned goods, and the last time to send them. */
  return_to: string | null
  return_by: string | null
  return_company: string | null
  return_tracking_no: string | null
  /** What the member can do about it now. */
  allowed_actions: Array<'withdraw' | 'send_back'>
  /** WeChat could not return the cash the way it came. */
  delayed: boolean
}

export interface Counts {
  pending: number
  paid: number
  shipped: number
  received: number
  refunding: number
}

export type PayParameters = Pick<
  WechatMiniprogram.RequestPaymentOption,
  'timeStamp' | 'nonceStr' | 'package' | 'signType' | 'paySign'
>

export const preview = (wish: Wish): Promise<Previewed> => act('POST', '/orders/preview', wish)

/** `seen`: the preview that the member accepted. For the whole cart it makes a new key if the cart has changed. */
export const place = (wish: Wish, seen: Priced): Promise<Priced> =>
  actOnce('/orders', wish, seen.lines.map(({ sku_id, quantity }) => [sku_id, quantity]))

/** The orders of one status, or, with `with_refund`, all orders with a refund request. */
export interface Drawer {
  status?: Status
  with_refund?: boolean
}

export const orders = (drawer: Drawer, cursor: string | null): Promise<Listed<Order>> => get('/orders', { ...drawer, cursor })

export const counts = (): Promise<Counts> => get('/orders/counts')

export const order = (no: string): Promise<OrderDetail> => get(`/orders/${no}`)

export const pay = (no: string): Promise<{ payment?: PayParameters; paid?: boolean }> => act('POST', `/orders/${no}/pay`)

export const cancel = (no: string): Promise<OrderDetail> => act('POST', `/orders/${no}/cancel`)

export const receive = (no: string): Promise<OrderDetail> => act('POST', `/orders/${no}/receive`)

export const refund = (no: string, reason: string, lines?: Array<{ line_id: number; quantity: number }>): Promise<Refund> =>
  actOnce(`/orders/${no}/refunds`, lines ? { reason, lines } : { reason })

export const refunds = async (no: string): Promise<Refund[]> => (await get<Listed<Refund>>(`/orders/${no}/refunds`)).items

/** Withdraw a refund that is not decided. */
export const withdrawRefund = (no: string, refundNo: string): Promise<Refund> => act('POST', `/orders/${no}/refunds/${refundNo}/withdraw`, {})

/** Tell the shop how the goods of a `returning` refund come back. A second call replaces the first. */
export const sendBack = (no: string, refundNo: string, company: string, trackingNo: string): Promise<Refund> =>
  act('POST', `/orders/${no}/refunds/${refundNo}/parcel`, { company, tracking_no: trackingNo })
