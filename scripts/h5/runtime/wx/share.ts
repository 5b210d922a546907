/** Sharing a page: a sheet with its link to copy. */

import { addressOf } from '../core/address';
import { dom, type Host } from '../core/builtin';
import { report } from '../core/errors';
import { layer } from '../core/layers';
import { topFrame } from '../core/pages';
import { addStyle } from '../core/style';
import { setClipboardData } from './device';

addStyle(`
.h5-share { position: absolute; inset: 0; width: auto; height: auto; max-width: none; max-height: none; margin: 0; padding: 0; border: 0; background: none; display: flex; align-items: flex-end }
.h5-share::backdrop { background: rgba(43,33,28,.45) }
.h5-share form { width: 100%; max-width: 480px; margin: 0 auto; box-sizing: border-box; padding: 24px 24px calc(16px + env(safe-area-inset-bottom)); border-radius: 20px 20px 0 0; background: #fff; color: #2b211c; font: 15px/1.5 -apple-system, BlinkMacSystemFont, 'PingFang SC', 'Noto Sans CJK SC', sans-serif }
.h5-share h2 { margin: 0 0 4px; font-size: 17px }
.h5-share p { margin: 0 0 16px; color: #63554c; font-size: 13px; word-break: break-all; user-select: text; -webkit-user-select: text }
.h5-share button { display: block; width: 100%; height: 48px; margin-top: 8px; border: 0; border-radius: 24px; background: #f7efe7; color: inherit; font: inherit; cursor: pointer }
.h5-share button[value=copy] { background: #c8371f; color: #fff }
`);

interface Message {
  title?: string;
  path?: string;
  promise?: Promise<Message>;
}

interface From {
  from: 'menu' | 'button';
  target?: { id: string; dataset: Record<string, unknown> };
}

/** The title and path under which the page on top wants to be shared. */
async function messageOf(from: From): Promise<Message> {
  const frame = topFrame();
  const given = ((await frame?.call('onShareAppMessage', from)) ?? {}) as Message;
  const message = given.promise ? { ...given, ...(await given.promise) } : given;
  return { title: message.title || frame?.nav.title || document.title, path: message.path || `/${frame?.address.url ?? ''}` };
}

/** The H5 address of `path`, which is a page's path in the mini program. */
function linkOf(path: string): string {
  return `${location.origin}${location.pathname}#/${addressOf(path).url}`;
}

async function share(from: From): Promise<void> {
  const { title = '', path = '' } = await messageOf(from);
  const link = linkOf(path);
  const sheet = document.createElement('dialog');
  sheet.className = 'h5-share';
  sheet.setAttribute('aria-label', '分享');
  sheet.innerHTML = `<form method="dialog"><h2></h2><p></p><button value="copy">复制链接</button><button value="">取消</button></form>`;
  (sheet.querySelector('h2') as HTMLElement).textContent = title;
  (sheet.querySelector('p') as HTMLElement).textContent = link;
  sheet.addEventListener('click', (event) => {
    if (event.target === sheet) sheet.close('');
  });
  sheet.addEventListener('close', () => {
    sheet.remove();
    if (sheet.returnValue === 'copy') setClipboardData({ data: `${title} ${link}`, fail: report });
  });
  layer().append(sheet);
  sheet.showModal();
}

/** Share the page on top, for the button in its bar. */
export function openShareSheet(): void {
  share({ from: 'menu' }).catch(report);
}

/** Share the page on top, for a `<button open-type="share">` in it. */
export function shareFrom(button: Host): void {
  const target = { id: dom(button).id, dataset: button.dataset };
  share({ from: 'button', target }).catch(report);
}

/** Show or hide the share button in the bar of the page on top. Only pages with `onShareAppMessage` can show it. */
export function setShareMenu(shown: boolean): void {
  const frame = topFrame();
  frame?.nav.setShare(shown && frame.has('onShareAppMessage'));
}
