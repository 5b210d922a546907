import * as orders from '../api/orders'
import { forgetAll } from './keys'

/** Pay through WeChat; whether it was paid is asked of the server afterwards, never believed from the client. */
export async function payOrder(orderNo: string): Promise<'asked' | 'cancelled'> {
  const { payment } = await orders.pay(orderNo)
  forgetAll() // the order is known: the same goods from now on are another order
  if (!payment) return 'asked'
  try {
    await wx.requestPayment(payment)
  } catch (error) {
    if (((error as { errMsg?: string }).errMsg ?? '').includes('cancel')) return 'cancelled'
    throw error
  }
  return 'asked'
}
