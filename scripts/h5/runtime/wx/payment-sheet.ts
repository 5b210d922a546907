/** The sheet that takes the place of WeChat Pay in development. */

import { Refused } from './call';
import { settle } from './money-sheet';
import { callSandbox } from './sandbox';

/** What a prepay package pays: the order, and the request headers with which its owner may read it. */
export interface Payable {
  orderNo: string;
  headers: Headers;
}

interface Order {
  cash_due_fen: number;
  lines: { title: string }[];
}

async function orderOf(payable: Payable): Promise<Order> {
  const headers = { authorization: payable.headers.get('authorization') ?? '' };
  const response = await fetch(`/api/orders/${payable.orderNo}`, { headers });
  if (!response.ok) throw new Refused('order not found');
  return (await response.json()) as Order;
}

function summary(order: Order): string {
  const [first] = order.lines;
  if (!first) return '推三返一商城';
  return order.lines.length > 1 ? `${first.title} 等 ${order.lines.length} 件` : first.title;
}

/** Show the amount and pay if the member agrees. Throws Refused: `cancel`, or the reason why it cannot be paid. */
export async function pay(payable: Payable | undefined): Promise<void> {
  if (!payable) throw new Refused('prepay_id unknown');
  const order = await orderOf(payable);
  const facts = [
    ['订单号', payable.orderNo],
    ['付款方式', '沙箱零钱'],
  ] as const;
  await settle({
    title: '微信支付（沙箱）',
    what: summary(order),
    amount_fen: order.cash_due_fen,
    facts,
    act: '确认支付',
    acting: '支付中…',
    failed: '支付失败',
    again: '重新支付',
    dismiss: '取消支付',
    run: () => callSandbox('pay', { order_no: payable.orderNo }),
  });
}
