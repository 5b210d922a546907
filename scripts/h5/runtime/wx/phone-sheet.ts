/** The sheet in which a member agrees to give the mall a phone number. */

import { Refused } from './call';
import { button, h } from './dom';
import { panel } from './panel';
import { callSandbox, openid, phoneNumber, requireSandbox } from './sandbox';
import { openSheet } from './sheets';

/** Ask, and resolve to a code for the member's number. Throws Refused: `user deny`, or `open_in_wechat` in production. */
export async function askForPhone(): Promise<{ code: string }> {
  requireSandbox();
  const phone = phoneNumber();
  const sheet = openSheet<boolean>({ placing: 'bottom', label: '手机号授权', dismissed: false, tapOutside: false });
  const allow = button('wxui-primary', '允许', () => sheet.close(true));
  sheet.element.append(
    panel(
      '',
      h('h2', 'wxui-panel-title', '推三返一商城 申请获取你的手机号'),
      h('p', 'wxui-choice', phone.replace(/^(\d{3})\d{4}/, '$1****')),
      allow,
      button('wxui-secondary', '不允许', () => sheet.close(false)),
    ),
  );
  allow.focus();
  if (!(await sheet.closed)) throw new Refused('user deny');
  return callSandbox<{ code: string }>('phone', { openid: openid(), phone });
}
