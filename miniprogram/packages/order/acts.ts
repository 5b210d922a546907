/** What a member can do with an order: the buttons and the actions, for list and detail. The server says which. */
import * as orders from '../../api/orders'
import { Action, Order } from '../../api/orders'
import { go } from '../../lib/go'
import { teamPage } from '../../lib/group_buys'
import { payOrder } from '../../lib/pay'

export interface Act {
  action: Action
  label: string
  primary: boolean
}

/** From the least likely to the most likely; the last is the nearest to the thumb. */
const ACTS: Act[] = [
  { action: 'cancel', label: '取消订单', primary: false },
  { action: 'refund', label: '申请退款', primary: false },
  { action: 'share_team', label: '邀请好友拼团', primary: true },
  { action: 'pay', label: '去付款', primary: true },
  { action: 'receive', label: '确认收货', primary: true },
]

export function actsOf(order: Order): Act[] {
  return ACTS.filter(({ action }) => order.allowed_actions.includes(action))
}

/** Do it, after a question if it cannot be undone. Returns whether the order may have changed. */
export async function perform(action: Action, orderNo: string): Promise<boolean> {
  switch (action) {
    case 'pay':
      if ((await payOrder(orderNo)) === 'cancelled') return false
      go(`/packages/order/pages/result/index?order_no=${orderNo}`)
      return true
    case 'cancel':
      if (!(await sure('要取消这笔订单吗？', '占用的优惠券和余额会退回给你', '取消订单', '再想想'))) return false
      await orders.cancel(orderNo)
      return true
    case 'receive':
      if (!(await sure('收到全部商品了吗？', '确认收货后，售后期开始计算', '确认收货', '还没有'))) return false
      await orders.receive(orderNo)
      return true
    case 'share_team':
      await openTeam(orderNo)
      return false
    case 'refund':
      go(`/packages/order/pages/refund/index?order_no=${orderNo}`)
      return false
    default:
      return false
  }
}

/** The order is shared on its team's page. */
async function openTeam(orderNo: string): Promise<void> {
  const { team_no: teamNo } = await orders.order(orderNo)
  if (teamNo) go(teamPage(teamNo))
}

async function sure(title: string, content: string, confirmText: string, cancelText: string): Promise<boolean> {
  const { confirm } = await wx.showModal({ title, content, confirmText, cancelText, confirmColor: '#C8371F' })
  return confirm
}
