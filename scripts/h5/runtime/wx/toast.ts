/** Toasts and the loading sign. As in WeChat they share one place: the later one replaces the earlier. */

import { layer } from '../core/layers';
import { addStyle } from '../core/style';
import { asyncCall } from './call';
import { h } from './dom';

addStyle(`
.wxui-toast-place { position: fixed; inset: 0; z-index: 20000; width: auto; height: auto; margin: 0; padding: 24px; border: 0; background: transparent;
  display: flex; align-items: center; justify-content: center; pointer-events: none; font: var(--wxui-text); }
.wxui-toast-place[hidden] { display: none; }
.wxui-toast-mask { pointer-events: auto; }
.wxui-toast { max-width: min(260px, 80vw); padding: 12px 18px; border-radius: 14px; background: rgba(43, 33, 28, .9); color: #fff;
  font-size: 15px; text-align: center; overflow-wrap: anywhere; animation: wxui-appear .16s ease-out; }
.wxui-toast-with-icon { min-width: 104px; padding: 22px 18px 18px; display: flex; flex-direction: column; align-items: center; gap: 12px; }
.wxui-toast-icon { width: 40px; height: 40px; border: 2px solid currentcolor; border-radius: 50%; font-size: 22px; line-height: 36px; font-weight: 600; }
.wxui-toast-image { width: 48px; height: 48px; object-fit: contain; }
.wxui-spinner { width: 34px; height: 34px; border: 3px solid rgba(255, 255, 255, .3); border-top-color: #fff; border-radius: 50%; animation: wxui-turn .8s linear infinite; }
@keyframes wxui-turn { to { transform: rotate(1turn); } }
@media (prefers-reduced-motion: reduce) {
  .wxui-toast { animation: none; }
  .wxui-spinner { animation-duration: 2.4s; }
}
`);

export interface ToastOptions {
  title?: string;
  icon?: 'success' | 'error' | 'loading' | 'none';
  image?: string;
  duration?: number;
  mask?: boolean;
}

const DEFAULT_MS = 1500;
const ICONS: Record<string, string> = { success: '✓', error: '!' };

let place: HTMLElement | undefined;
let shown: ToastOptions | undefined;
let timer: ReturnType<typeof setTimeout> | undefined;

/** The live region. It is made once, so that screen readers know it before its text changes. */
function region(): HTMLElement {
  if (!place) {
    place = h('div', 'wxui-toast-place');
    place.setAttribute('role', 'status');
    place.setAttribute('aria-live', 'polite');
    place.hidden = true;
    layer().append(place);
  }
  return place;
}

function sign(options: ToastOptions): HTMLElement | null {
  if (options.image) {
    const picture = h('img', 'wxui-toast-image');
    picture.src = options.image;
    picture.alt = '';
    return picture;
  }
  const icon = options.icon ?? 'success';
  if (icon === 'none') return null;
  const element = icon === 'loading' ? h('span', 'wxui-spinner') : h('span', 'wxui-toast-icon', ICONS[icon] ?? '');
  element.setAttribute('aria-hidden', 'true');
  return element;
}

function show(options: ToastOptions): void {
  const root = region();
  clearTimeout(timer);
  shown = options;
  const icon = sign(options);
  const kind = icon ? 'wxui-toast wxui-toast-with-icon' : 'wxui-toast';
  root.replaceChildren(h('div', kind, icon, h('span', 'wxui-toast-title', options.title ?? '')));
  root.classList.toggle('wxui-toast-mask', options.mask ?? false);
  raise(root);
  if (options.duration !== Infinity) timer = setTimeout(hide, options.duration ?? DEFAULT_MS);
}

/** Show `root` above everything, open dialogs too where the browser has popovers. The popover shown last is on top, so it is shown anew. */
function raise(root: HTMLElement): void {
  root.hidden = false;
  if (!('popover' in root)) return;
  root.popover = 'manual';
  root.hidePopover();
  root.showPopover();
}

function hide(): void {
  clearTimeout(timer);
  shown = undefined;
  if (!place) return;
  place.hidden = true;
  place.replaceChildren();
}

export const showToast = asyncCall('showToast', show);
export const hideToast = asyncCall('hideToast', hide);
export const showLoading = asyncCall('showLoading', (options: ToastOptions) =>
  show({ title: options.title, mask: options.mask, icon: 'loading', duration: Infinity }),
);
export const hideLoading = asyncCall('hideLoading', (options: { noConflict?: boolean }) => {
  if (options.noConflict && shown?.duration !== Infinity) return;
  hide();
});
