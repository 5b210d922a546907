import { Rebate } from '../../../../api/referral'
import { Point } from '../../../../components/points/index'
import { priced, signed } from '../../../../lib/money'
import { day, minute } from '../../../../lib/time'

/** The rebate's state. A state of a newer server is shown with the server's label and without a promise. */
export function story(rebate: Rebate): Point[] {
  const { pay_as, closed_at, release_at, waits_for, waits_label, settled_at, reversed_at } = rebate
  const closed: Point = { title: '返还产生，先冻结', text: minute(closed_at), state: 'done' }
  if (rebate.state === 'reversed') {
    const text = `${reversed_at ? `${minute(reversed_at)}，` : ''}相关订单退款或不再符合条件`
    const settled: Point[] = settled_at ? [{ title: '已到账', text: minute(settled_at), state: 'done' }] : []
    return [closed, ...settled, { title: '返还已收回', text, state: 'now' }]
  }
  if (rebate.state === 'settled') {
    const title = pay_as === 'coupon' ? '优惠券已发放' : '已到账'
    return [closed, { title, text: settled_at ? minute(settled_at) : '', state: 'now' }]
  }
  if (rebate.state !== 'frozen') return [closed, { title: rebate.state_label, text: '', state: 'now' }]
  const title = pay_as === 'coupon' ? '发放优惠券' : '解冻到账'
  if (waits_label && waits_for !== 'receipt') {
    return [closed, { title: '暂缓到账', text: waits_label, state: 'now' }, { title, text: '', state: 'later' }]
  }
  const waiting: Point = {
    title: '观察期',
    text: release_at ? '相关订单都已收货，没有退款就会到账' : '等这一轮的订单都确认收货',
    state: 'now',
  }
  return [closed, waiting, { title, text: release_at ? `预计 ${day(release_at)}` : '收货后开始计算日期', state: 'later' }]
}

/** How it is paid, in words. */
export function form({ pay_as, withdrawable }: Rebate): string {
  if (pay_as === 'coupon') return '优惠券'
  return withdrawable ? '余额，可提现' : '余额，下单时抵扣'
}

export interface Friend {
  name: string
  when: string
  share: string
}

/** The friends who counted; with stages also what each of them brought. */
export function friends({ explanation }: Rebate): Friend[] {
  const staged = explanation.qualifications.filter(({ amount_fen }) => amount_fen > 0).length > 1
  return explanation.qualifications.map(({ nickname, paid_at, received_at, amount_fen }) => ({
    name: nickname,
    when: `${minute(paid_at)} 付款${received_at ? `，${day(received_at)} 收货` : '，待收货'}`,
    share: staged ? signed(amount_fen) : '',
  }))
}

/** The first step is the start of the sum; each other step changes it. */
export function steps({ explanation }: Rebate): Array<{ label: string; amount: string }> {
  return explanation.steps.map(({ label, amount_fen }, at) => ({
    label,
    amount: at ? signed(amount_fen) : priced(amount_fen),
  }))
}
