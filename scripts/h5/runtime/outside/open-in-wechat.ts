/** The way into WeChat. In production a browser can only look around: logging in, ordering and paying need WeChat. */

import { report } from '../core/errors';
import { topFrame } from '../core/pages';
import { addStyle } from '../core/style';
import { button, h } from '../wx/dom';
import { panel } from '../wx/panel';
import { openSheet } from '../wx/sheets';

addStyle(`
.h5-way { position: fixed; left: 50%; bottom: 0; transform: translateX(-50%); display: flex; align-items: center; justify-content: center; gap: 8px; width: min(100vw, 480px); height: 48px; padding: 0; border: 0; background: #1f7a4d; color: #fff; font: 600 15px/1.2 -apple-system, BlinkMacSystemFont, 'PingFang SC', 'Noto Sans CJK SC', sans-serif; cursor: pointer }
.h5-open-code { display: block; width: 168px; height: 168px; margin: 0 auto; border-radius: 12px }
.h5-open-told { color: #63554c; text-align: center }
`);

interface OpenLink {
  url: string;
  code_image_url: string;
}

/** Show the way to WeChat below every page, and make the pages lower by its height. */
export function showWay(): void {
  document.documentElement.style.setProperty('--h5-height', 'calc(100dvh - 48px)');
  document.body.append(button('h5-way', '在微信中打开，登录下单', () => void offer()));
}

let open = false;

/** Offer to open the page on top in WeChat. */
export async function offer(): Promise<void> {
  if (open || !topFrame()) return;
  open = true;
  const sheet = openSheet<void>({ placing: 'bottom', label: '在微信中打开', dismissed: undefined, tapOutside: true });
  const told = h('p', 'h5-open-told', '登录、下单和支付在微信小程序里进行，当前页面会原样打开。');
  told.setAttribute('role', 'status');
  const go = button('wxui-primary', '在微信中打开', () => undefined);
  go.disabled = true;
  const shown = panel('', h('h2', 'wxui-panel-title', '去微信里继续'), told, go, button('wxui-secondary', '先逛逛', () => sheet.close()));
  sheet.element.append(shown);
  linkHere().then(
    ({ url, code_image_url }) => {
      const code = h('img', 'h5-open-code');
      code.src = code_image_url;
      code.alt = '用微信扫一扫打开';
      if (!matchMedia('(pointer: coarse)').matches) {
        told.textContent = '用手机微信扫一扫，当前页面会原样打开。';
        shown.insertBefore(code, go);
      }
      go.disabled = false;
      go.addEventListener('click', () => location.assign(url));
    },
    (error: unknown) => {
      told.textContent = error instanceof Told ? error.message : '暂时打不开微信，请稍后再试';
      if (!(error instanceof Told)) report(error);
    },
  );
  await sheet.closed;
  open = false;
}

/** A refusal by the server, in words for the member. */
class Told extends Error {}

async function linkHere(): Promise<OpenLink> {
  const [route = '', query = ''] = (topFrame()?.address.url ?? '').split(/\?(.*)/s);
  const answer = await fetch('/api/open-links', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ path: `/${route}`, query }),
  });
  const body = (await answer.json()) as OpenLink & { error?: { message: string } };
  if (body.error) throw new Told(body.error.message);
  return body;
}
