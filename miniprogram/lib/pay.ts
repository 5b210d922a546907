import * as orders from '../api/orders'
import { forgetAll } from './keys'

/** Pay through WeChat. Afterwards ask the server whether it was paid; the client's answer proves nothing. */
export async function payOrder(orderNo: string): Promise<'asked' | 'cancelled'> {
  const { payment } = await orders.pay(orderNo)
  forgetAll() // the order exists: from now on, the same goods are another order
  if (!payment) return 'asked'
  try {
    await wx.requestPayment(payment)
  } catch (error) {
    if (((error as { errMsg?: string }).errMsg ?? '').includes('cancel')) return 'cancelled'
    throw error
  }
  return 'asked'
}
