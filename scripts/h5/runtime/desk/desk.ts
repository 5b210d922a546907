/** The sandbox desk beside the column, in development and in wide windows: change the member, let days pass, ship orders. */

import { showAnew } from '../core/pages';
import { addStyle } from '../core/style';
import { button, h } from '../wx/dom';
import { callSandbox, openid } from '../wx/sandbox';
import { getStorageSync } from '../wx/storage';
import { shown, type Person, people, become, meetSomebody } from './people';

addStyle(`
.h5-desk { display: none; position: fixed; left: 24px; bottom: 24px; width: 248px; box-sizing: border-box; padding: 16px; border-radius: 16px; background: #fff; color: #2b211c; font: 14px/1.5 -apple-system, BlinkMacSystemFont, 'PingFang SC', 'Noto Sans CJK SC', sans-serif; box-shadow: 0 8px 32px rgba(90,50,30,.12) }
@media (min-width: 1040px) { .h5-desk { display: block } }
.h5-desk h2 { margin: 0; font-size: 15px }
.h5-desk p { margin: 2px 0 10px; color: #63554c; font-size: 12px }
.h5-desk button { display: block; width: 100%; min-height: 44px; margin-top: 8px; border: 0; border-radius: 22px; background: #f7efe7; color: inherit; font: inherit; cursor: pointer }
.h5-desk button[aria-current=true] { background: #fdede6; color: #9e2a17; font-weight: 600 }
.h5-desk .h5-desk-pair { display: flex; gap: 8px }
`);

const DAY_S = 86_400;

/** Put the desk into the document. */
export function openDesk(): void {
  const here = openid();
  const told = h('p', '', '换会员、快进时间、替商家发货。仅开发环境可见。');
  told.setAttribute('role', 'status');
  document.body.append(
    h(
      'aside',
      'h5-desk',
      h('h2', '', '微信沙箱'),
      told,
      ...people().map((person) => face(person, here)),
      button('', '换成新会员', () => restart(meetSomebody())),
      h('div', 'h5-desk-pair', ...[1, 8].map((days) => button('', `快进 ${days} 天`, () => attempt(told, () => leap(days))))),
      button('', '商家发货（我的待发货订单）', () => attempt(told, shipMine)),
    ),
  );
}

function face(person: Person, here: string): HTMLButtonElement {
  const made = button('', shown(person), () => restart(person.openid));
  made.setAttribute('aria-current', String(person.openid === here));
  return made;
}

async function leap(days: number): Promise<string> {
  await callSandbox('clock', { advance_s: days * DAY_S });
  showAnew();
  return `已快进 ${days} 天`;
}

/**
 * Reload the shop as the person `other`. Another member is another phone: nothing that the pages keep in memory may
 * pass from one to the other. The present page is left, unless it is a shared one, which anyone may open.
 */
function restart(other: string): void {
  become(other);
  if (!/[?&]s=/.test(location.hash)) location.hash = '';
  location.reload();
}

async function attempt(told: HTMLElement, work: () => Promise<string>): Promise<void> {
  try {
    told.textContent = await work();
  } catch (error) {
    told.textContent = error instanceof Error ? error.message : String(error);
  }
}

async function shipMine(): Promise<string> {
  const headers = { authorization: `Bearer ${String(getStorageSync('token'))}` };
  const answer = await fetch('/api/orders?status=paid&limit=100', { headers });
  if (!answer.ok) return '还没有登录';
  const { items } = (await answer.json()) as { items: { order_no: string }[] };
  for (const { order_no } of items) await callSandbox('ship', { order_no });
  return items.length ? `已发货 ${items.length} 单，刷新订单页查看` : '没有待发货的订单';
}
