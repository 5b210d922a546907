/** The sheet that stands for WeChat Pay in development. */

import { addStyle } from '../core/style';
import { Refused, reasonOf } from './call';
import { button, h } from './dom';
import type { Payable } from './payments';
import { panel } from './panel';
import { callSandbox } from './sandbox';
import { openSheet } from './sheets';

addStyle(`
.wxui-pay { text-align: center; }
.wxui-pay .wxui-panel-title { padding: 0 32px; }
.wxui-pay-what { color: var(--wxui-ink-2); overflow-wrap: anywhere; }
.wxui-pay-amount { font-size: 40px; font-weight: 700; line-height: 1.2; font-variant-numeric: tabular-nums; }
.wxui-pay-amount small { margin-right: 4px; font-size: 24px; }
.wxui-facts { display: grid; grid-template-columns: auto 1fr; gap: 10px 16px; padding: 14px 0; border-block: 1px solid var(--wxui-line); font-size: 14px; text-align: left; }
.wxui-facts dt { color: var(--wxui-ink-2); }
.wxui-facts dd { text-align: right; overflow-wrap: anywhere; }
.wxui-pay-problem { color: var(--wxui-brand-deep); font-size: 14px; }
.wxui-pay-problem:empty { display: none; }
`);

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

/** 12345 fen as `123.45`. */
export function yuan(amount_fen: number): string {
  const fen = String(amount_fen % 100).padStart(2, '0');
  return `${Math.trunc(amount_fen / 100)}.${fen}`;
}

function summary(order: Order): string {
  const [first] = order.lines;
  if (!first) return '推三返一商城';
  return order.lines.length > 1 ? `${first.title} 等 ${order.lines.length} 件` : first.title;
}

/** Show the amount and pay if the member says so. Raises Refused: `cancel`, or why it cannot be paid. */
export async function pay(payable: Payable | undefined): Promise<void> {
  if (!payable) throw new Refused('prepay_id unknown');
  const order = await orderOf(payable);
  const sheet = openSheet<'paid' | 'cancel'>({
    placing: 'bottom',
    label: '微信支付（沙箱）',
    dismissed: 'cancel',
    tapOutside: false,
  });
  const problem = h('p', 'wxui-pay-problem');
  problem.setAttribute('role', 'alert');
  const confirm = button('wxui-primary', '确认支付', () => {
    confirm.disabled = true;
    confirm.textContent = '支付中…';
    problem.textContent = '';
    callSandbox('pay', { order_no: payable.orderNo }).then(
      () => sheet.close('paid'),
      (error: unknown) => {
        problem.textContent = `支付失败：${reasonOf(error)}`;
        confirm.disabled = false;
        confirm.textContent = '重新支付';
      },
    );
  });
  const close = button('wxui-close', '×', () => sheet.close('cancel'));
  close.setAttribute('aria-label', '取消支付');
  sheet.element.append(
    panel(
      'wxui-pay',
      close,
      h('h2', 'wxui-panel-title', '微信支付（沙箱）'),
      h('p', 'wxui-pay-what', summary(order)),
      h('p', 'wxui-pay-amount', h('small', '', '¥'), yuan(order.cash_due_fen)),
      h('dl', 'wxui-facts', h('dt', '', '订单号'), h('dd', '', payable.orderNo), h('dt', '', '付款方式'), h('dd', '', '沙箱零钱')),
      problem,
      confirm,
      button('wxui-secondary', '取消', () => sheet.close('cancel')),
    ),
  );
  confirm.focus();
  if ((await sheet.closed) === 'cancel') throw new Refused('cancel');
}
