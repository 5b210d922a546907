/** A commission in words: whose order, when each step happened, and how each line was calculated. */
import { Commission } from '../../../../api/commissions'
import { Point } from '../../../../components/points/index'
import { priced } from '../../../../lib/money'
import { day, minute } from '../../../../lib/time'

const TONES: Record<Commission['state'], string> = { frozen: 'tag-gold', settled: 'tag-good', reversed: 'tag-plain' }

/** The colour of its label; none for a state of a newer server that this version does not know. */
export function toneOf({ state }: Commission): string {
  return TONES[state] ?? ''
}

export function whoOf({ level }: Commission): string {
  return level === 1 ? '好友的订单' : '好友的好友的订单'
}

/** The time that matters now. In an unknown state no money is promised. */
export function whenOf({ state, created_at, release_at, waits_for, waits_label, settled_at, reversed_at }: Commission): string {
  if (state === 'settled' && settled_at) return `${day(settled_at)} 到账`
  if (state === 'reversed' && reversed_at) return `${day(reversed_at)} 收回`
  if (state !== 'frozen') return `${day(created_at)} 入账`
  if (waits_label && waits_for !== 'receipt') return waits_label
  return release_at ? `预计 ${day(release_at)} 到账` : `${day(created_at)} 入账，好友收货后开始计算到账时间`
}

export function story(one: Commission): Point[] {
  const { state, created_at, release_at, waits_for, waits_label, settled_at, reversed_at } = one
  const earned: Point = { title: '好友付款，佣金入账（冻结中）', text: minute(created_at), state: 'done' }
  if (state === 'reversed') {
    const settled: Point[] = settled_at ? [{ title: '已到账', text: minute(settled_at), state: 'done' }] : []
    const text = `${reversed_at ? `${minute(reversed_at)}，` : ''}好友的订单退款了`
    return [earned, ...settled, { title: '佣金已收回', text, state: 'now' }]
  }
  if (state === 'settled') return [earned, { title: '已到账，可以提现', text: settled_at ? minute(settled_at) : '', state: 'now' }]
  if (state !== 'frozen') return [earned, { title: one.state_label, text: '', state: 'now' }]
  if (waits_label && waits_for !== 'receipt') {
    return [earned, { title: '暂缓到账', text: waits_label, state: 'now' }, { title: '解冻到账', text: '', state: 'later' }]
  }
  return [
    earned,
    { title: '观察期', text: release_at ? '好友已收货，没有退款就会到账' : '等好友确认收货', state: 'now' },
    { title: '解冻到账', text: release_at ? `预计 ${day(release_at)}` : '收货后开始计算日期', state: 'later' },
  ]
}

export interface Line {
  title: string
  why: string
  base: string
  earned: string
  /** What the order's cap left, '' if it took nothing. */
  capped: string
}

export function linesOf({ explanation }: Commission): Line[] {
  return explanation.lines.map(({ title, why, base_fen, earned_fen, amount_fen }) => ({
    title,
    why,
    base: priced(base_fen),
    earned: priced(earned_fen),
    capped: amount_fen < earned_fen ? priced(amount_fen) : '',
  }))
}
