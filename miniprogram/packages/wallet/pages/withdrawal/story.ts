/** A withdrawal in words: its states with their times, what comes next, and where the money is. */
import { Withdrawal, WithdrawalState } from '../../../../api/withdrawals'
import { Point } from '../../../../components/points/index'
import { priced } from '../../../../lib/money'
import { minute, shortMinute } from '../../../../lib/time'

const TONES: Record<WithdrawalState, string> = {
  requested: 'tag-gold',
  approved: 'tag-gold',
  sent: 'tag-gold',
  confirming: '',
  paid: 'tag-good',
  rejected: 'tag-plain',
  failed: 'tag-plain',
  expired: 'tag-plain',
  cancelled: 'tag-plain',
}

/** How long WeChat lets the member confirm. */
const CONFIRM_MS = 24 * 3600_000

/** What has happened in each state. For a state that is not listed, the server's label is shown. */
const DONE: Partial<Record<WithdrawalState, string>> = {
  requested: '已提交申请',
  approved: '审核通过',
  sent: '已交给微信转账',
  confirming: '等你确认收款',
}

const ENDED: WithdrawalState[] = ['paid', 'rejected', 'failed', 'expired', 'cancelled']

/** The states that follow each state if all goes well. */
const AHEAD: Partial<Record<WithdrawalState, string[]>> = {
  requested: ['商城审核', '转账到微信', '确认收款'],
  approved: ['转账到微信', '确认收款'],
  sent: ['确认收款'],
  confirming: ['到账'],
}

/** The colour of its label; none for a state of a newer server that this version does not know. */
export function toneOf({ state }: Withdrawal): string {
  return TONES[state] ?? ''
}

export function isLive({ state }: Withdrawal): boolean {
  return !ENDED.includes(state)
}

export function labelOf({ cancelling, state_label }: Withdrawal): string {
  return cancelling ? '正在取消' : state_label
}

/** The last time to confirm it, '' if there is nothing to confirm. */
export function confirmUntil({ state, steps }: Withdrawal): string {
  const since = steps.find((step) => step.state === 'confirming')
  return state === 'confirming' && since ? shortMinute(new Date(Date.parse(since.at) + CONFIRM_MS).toISOString()) : ''
}

/** What will happen next; '' in an unknown state, because nothing wrong may be said about money. */
export function nextOf(one: Withdrawal): string {
  if (one.cancelling) return '已请微信撤销，微信答复后余额会退回；如果你已经确认收款，就会照常到账'
  switch (one.state) {
    case 'requested':
      return '商城正在审核，结果会显示在下面'
    case 'approved':
      return '审核通过，马上转账到微信'
    case 'sent':
      return '正在等微信处理，通常很快就好'
    case 'confirming':
      return `请在 ${confirmUntil(one)} 前确认收款，超时退回余额`
    case 'paid':
      return '钱已经到你的微信零钱'
    case 'expired':
      return '微信规定 24 小时内要确认收款，没有确认的已全部退回余额，有待扣时先抵扣，可以重新申请'
    case 'rejected':
    case 'failed':
    case 'cancelled':
      return '提现金额已全部退回余额，有待扣时先抵扣'
    default:
      return ''
  }
}

export function story(one: Withdrawal): Point[] {
  const steps = one.steps.map(({ state, label, at }): Point => ({ title: DONE[state] ?? label, text: minute(at), state: 'done' }))
  const last = steps[steps.length - 1]
  if (last) last.state = one.state === 'paid' ? 'done' : 'now'
  if (last && one.why) last.text += `，${one.why}`
  const ahead = isLive(one) && !one.cancelling ? (AHEAD[one.state] ?? []) : []
  return [...steps, ...ahead.map((title): Point => ({ title, text: '', state: 'later' }))]
}

export interface Sum {
  label: string
  text: string
}

/** What it comes to: what is paid, or, where it ended without a payment, what came back. */
export function totalOf(one: Withdrawal): { label: string; fen: number } {
  if (cameBack(one)) return { label: '已退回', fen: one.amount_fen }
  return { label: one.state === 'paid' ? '到账金额' : '应到账', fen: one.payout_fen }
}

function cameBack({ state }: Partial<Pick<Withdrawal, 'state'>>): boolean {
  return state !== undefined && state !== 'paid' && ENDED.includes(state)
}

/** amount − fee − tax = payout; the tax only if there is one. Where all of it came back, neither was taken. */
export function sumsOf(one: Pick<Withdrawal, 'amount_fen' | 'fee_fen' | 'tax_fen'> & Partial<Pick<Withdrawal, 'state'>>): Sum[] {
  const whole = { label: '提现金额', text: priced(one.amount_fen) }
  if (cameBack(one)) return [whole]
  return [
    whole,
    { label: '手续费', text: one.fee_fen ? priced(-one.fee_fen) : '免费' },
    ...(one.tax_fen ? [{ label: '代扣税款', text: priced(-one.tax_fen) }] : []),
  ]
}
