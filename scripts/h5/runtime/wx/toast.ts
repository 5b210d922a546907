/** Toasts and the loading sign. WeChat has one place for both: the later replaces the earlier. */

import { asyncCall } from './call';
import { h } from './dom';

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

/** The live region, made once so that screen readers know it before it speaks. */
function region(): HTMLElement {
  if (!place) {
    place = h('div', 'wxui-toast-place');
    place.setAttribute('role', 'status');
    place.setAttribute('aria-live', 'polite');
    place.hidden = true;
    document.body.append(place);
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

/** Above open dialogs too, where the browser has popovers; anew each time, as the last one raised is on top. */
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
