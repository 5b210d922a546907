import { Friend, Referral } from '../../api/referral'
import { shortMinute } from '../../lib/time'

/** What happens next in the running cycle: one heading and one plain sentence. */
export interface NextStep {
  title: string
  text: string
}

/** `unsettled`: there are orders that can be returned, but it is not known yet which one. */
export function nextStep({ progress, next_return: order }: Pick<Referral, 'progress' | 'next_return'>, unsettled: boolean): NextStep {
  const { required, counted, pending, held } = progress
  const missing = required - counted
  if (missing <= 0) {
    const title = `${required} 位好友集满了`
    if (order) return { title, text: '返还正在办理，完成后会出现在下面；若本期额度暂时用完，会顺延到有额度时' }
    return { title, text: unsettled ? '请在下面看看可返还的订单，选好就会返还' : '还差你自己的一笔已付款订单，买好以后就会返还' }
  }
  const title = counted ? `再有 ${missing} 位好友，返还一单` : `${required} 位好友首单，返还你的一单`
  const waits = [pending ? `${pending} 位待收货或成团` : '', held ? `${held} 位审核中` : ''].filter(Boolean)
  if (waits.length) return { title, text: `${waits.join('，')}，完成后自动计入` }
  return { title, text: counted ? '继续把喜欢的分享给好友，好友首单完成后自动计入' : '把喜欢的好物分享给好友，好友首单完成后自动计入' }
}

export interface FriendRow extends Friend {
  words: string
  when: string
}

export function friendRow(friend: Friend): FriendRow {
  const paid = shortMinute(friend.paid_at)
  if (friend.state === 'counted') {
    return { ...friend, words: '已计入', when: friend.counted_at ? `${shortMinute(friend.counted_at)} 计入` : `${paid} 付款` }
  }
  const waits = friend.state === 'held' ? '审核通过后计入' : '收货或成团后计入'
  return { ...friend, words: friend.state === 'held' ? '待审核' : '待完成', when: `${paid} 付款，${waits}` }
}
