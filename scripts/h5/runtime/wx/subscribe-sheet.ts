/** The sheet in which a member allows or refuses messages. */

import { button, h } from './dom';
import { panel } from './panel';
import { callSandbox, openid } from './sandbox';
import { openSheet } from './sheets';

interface Template {
  template_id: string;
  title: string;
}

async function titles(): Promise<Map<string, string>> {
  const response = await fetch('/api/notices/templates');
  if (!response.ok) return new Map();
  const { items } = (await response.json()) as { items: Template[] };
  return new Map(items.map((template) => [template.template_id, template.title]));
}

function row(label: string): [HTMLElement, HTMLInputElement] {
  const box = h('input', '');
  box.type = 'checkbox';
  box.checked = true;
  return [h('label', 'wxui-choice', box, h('span', '', label)), box];
}

/** Ask, and resolve to `{templateId: 'accept' | 'reject'}`. Each accepted template lets the sandbox deliver one message. */
export async function askToSubscribe(templateIds: string[]): Promise<Record<string, 'accept' | 'reject'>> {
  const known = await titles();
  const choices = templateIds.map((id) => [id, ...row(known.get(id) ?? id)] as const);
  const sheet = openSheet<boolean>({ placing: 'bottom', label: '订阅消息', dismissed: false, tapOutside: false });
  const allow = button('wxui-primary', '允许', () => sheet.close(true));
  sheet.element.append(
    panel(
      '',
      h('h2', 'wxui-panel-title', '推三返一商城 申请向你发送一次消息'),
      ...choices.map(([, element]) => element),
      allow,
      button('wxui-secondary', '拒绝', () => sheet.close(false)),
    ),
  );
  allow.focus();
  const allowed = await sheet.closed;
  const accepted = choices.filter(([, , box]) => allowed && box.checked).map(([id]) => id);
  if (accepted.length) await callSandbox('subscribe', { openid: openid(), template_id: accepted });
  return Object.fromEntries(templateIds.map((id) => [id, accepted.includes(id) ? 'accept' : 'reject']));
}
