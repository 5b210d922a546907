/** The development sheet for payments and transfers: an amount, some facts, and a button that does it. */

import { addStyle } from '../core/style';
import { Refused, reasonOf } from './call';
import { button, h } from './dom';
import { panel } from './panel';
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

/** An amount in fen as text in yuan: 12345 → `123.45`. */
export function yuan(amount_fen: number): string {
  const fen = String(amount_fen % 100).padStart(2, '0');
  return `${Math.trunc(amount_fen / 100)}.${fen}`;
}

/** The texts of the sheet, and what runs when the member agrees. */
export interface Deal {
  title: string;
  what: string;
  amount_fen: number;
  facts: readonly (readonly [string, string])[];
  act: string;
  acting: string;
  failed: string;
  again: string;
  dismiss: string;
  run: () => Promise<unknown>;
}

/** Show the sheet and run the deal if the member agrees. Throws Refused `cancel` otherwise. */
export async function settle(deal: Deal): Promise<void> {
  const sheet = openSheet<'done' | 'cancel'>({
    placing: 'bottom',
    label: deal.title,
    dismissed: 'cancel',
    tapOutside: false,
  });
  const problem = h('p', 'wxui-pay-problem');
  problem.setAttribute('role', 'alert');
  const confirm = button('wxui-primary', deal.act, () => {
    confirm.disabled = true;
    confirm.textContent = deal.acting;
    problem.textContent = '';
    deal.run().then(
      () => sheet.close('done'),
      (error: unknown) => {
        problem.textContent = `${deal.failed}：${reasonOf(error)}`;
        confirm.disabled = false;
        confirm.textContent = deal.again;
      },
    );
  });
  const close = button('wxui-close', '×', () => sheet.close('cancel'));
  close.setAttribute('aria-label', deal.dismiss);
  const facts = deal.facts.flatMap(([name, value]) => [h('dt', '', name), h('dd', '', value)]);
  sheet.element.append(
    panel(
      'wxui-pay',
      close,
      h('h2', 'wxui-panel-title', deal.title),
      h('p', 'wxui-pay-what', deal.what),
      h('p', 'wxui-pay-amount', h('small', '', '¥'), yuan(deal.amount_fen)),
      h('dl', 'wxui-facts', ...facts),
      problem,
      confirm,
      button('wxui-secondary', '取消', () => sheet.close('cancel')),
    ),
  );
  confirm.focus();
  if ((await sheet.closed) === 'cancel') throw new Refused('cancel');
}
