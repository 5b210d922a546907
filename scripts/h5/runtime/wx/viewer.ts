/** The full-screen picture viewer of wx.previewImage. Swiping is the browser's own scroll snapping. */

import { addStyle } from '../core/style';
import { button, h } from './dom';
import { openSheet } from './sheets';

addStyle(`
.wxui-viewer-strip { display: flex; width: 100%; height: 100%; overflow: auto hidden; scroll-snap-type: x mandatory; scrollbar-width: none; }
.wxui-viewer-strip::-webkit-scrollbar { display: none; }
.wxui-viewer-page { flex: 0 0 100%; height: 100%; display: flex; align-items: center; justify-content: center; scroll-snap-align: start; scroll-snap-stop: always; }
.wxui-viewer-page img { max-width: 100%; max-height: 100%; object-fit: contain; }
.wxui-viewer-count { position: absolute; bottom: calc(24px + env(safe-area-inset-bottom)); left: 50%; transform: translateX(-50%); padding: 4px 14px; border-radius: 14px; background: rgba(0, 0, 0, .6); font-size: 14px; }
.wxui-sheet .wxui-viewer-close, .wxui-sheet .wxui-viewer-turn { position: absolute; width: 44px; height: 44px; border-radius: 50%; background: rgba(0, 0, 0, .6); color: #fff; font-size: 26px; line-height: 1; }
.wxui-viewer-close { top: calc(12px + env(safe-area-inset-top)); right: 12px; }
.wxui-viewer-turn { top: calc(50% - 22px); }
.wxui-viewer-turn-back { left: 12px; }
.wxui-viewer-turn-on { right: 12px; }
@media (hover: none) { .wxui-sheet .wxui-viewer-turn { display: none; } }
`);

/** Show the pictures at `urls`, beginning at index `start`. A tap, Esc or × closes it; arrow keys turn. */
export function showPictures(urls: string[], start: number): void {
  const sheet = openSheet<void>({ placing: 'full', label: '图片预览', dismissed: undefined, tapOutside: false });
  const strip = h('div', 'wxui-viewer-strip', ...urls.map((url, index) => picture(url, index)));
  const count = h('p', 'wxui-viewer-count');
  count.setAttribute('aria-live', 'polite');
  const at = (): number => Math.round(strip.scrollLeft / Math.max(1, strip.clientWidth));
  const turn = (to: number, behavior: ScrollBehavior): void =>
    strip.scrollTo({ left: to * strip.clientWidth, behavior });
  const tell = (): void => void (count.textContent = `${at() + 1} / ${urls.length}`);
  const turner = (label: string, sign: string, step: number): HTMLButtonElement => {
    const made = button(`wxui-viewer-turn wxui-viewer-turn-${step < 0 ? 'back' : 'on'}`, sign, () =>
      turn(at() + step, 'smooth'),
    );
    made.setAttribute('aria-label', label);
    return made;
  };
  const close = button('wxui-viewer-close', '×', () => sheet.close());
  close.setAttribute('aria-label', '关闭');
  strip.addEventListener('scroll', tell);
  strip.addEventListener('click', () => sheet.close());
  sheet.element.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowLeft') turn(at() - 1, 'smooth');
    if (key === 'ArrowRight') turn(at() + 1, 'smooth');
  });
  sheet.element.append(strip);
  if (urls.length > 1) sheet.element.append(turner('上一张', '‹', -1), turner('下一张', '›', 1), count);
  sheet.element.append(close);
  close.focus();
  turn(start, 'instant');
  tell();
}

function picture(url: string, index: number): HTMLElement {
  const image = h('img', '');
  image.src = url;
  image.alt = `第 ${index + 1} 张图片`;
  return h('div', 'wxui-viewer-page', image);
}
