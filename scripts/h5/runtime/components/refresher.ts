/** Pull-down refresh of a scroll-view. */

import { dom, fire, type Host } from '../core/builtin';
import { addStyle } from '../core/style';

addStyle(`
.wx-refresher { height: 0; overflow: hidden; display: flex; align-items: center; justify-content: center; color: #796A60; font-size: 14px; overflow-anchor: none }
.wx-refresher[data-resting] { transition: height .2s }
`);

const heads = new WeakMap<HTMLElement, HTMLElement>();
const RESISTANCE = 0.5;

interface RefresherData {
  refresherEnabled: boolean;
  refresherThreshold: number;
}

function open(head: HTMLElement, height: number, text: string): void {
  head.style.height = `${height}px`;
  head.textContent = text;
}

/** Let a finger pull `host` down while it is scrolled to its top. */
export function addRefresher(host: Host): void {
  const box = dom(host);
  if (heads.has(box)) return;
  const head = document.createElement('div');
  head.className = 'wx-refresher';
  heads.set(box, head);
  box.prepend(head);
  let from: number | null = null;
  let pulled = 0;
  box.addEventListener('touchstart', ({ touches }) => {
    const { refresherEnabled } = host.data as RefresherData;
    from = refresherEnabled && box.scrollTop <= 0 ? (touches[0]?.clientY ?? null) : null;
    pulled = 0;
    head.removeAttribute('data-resting');
  });
  const move = (event: TouchEvent): void => {
    if (from === null) return;
    pulled = Math.max(0, ((event.touches[0]?.clientY ?? from) - from) * RESISTANCE);
    if (pulled === 0) return;
    if (event.cancelable) event.preventDefault();
    const { refresherThreshold } = host.data as RefresherData;
    open(head, pulled, pulled < refresherThreshold ? '下拉刷新' : '松开刷新');
    fire(host, 'refresherpulling', { deltaY: pulled, dy: pulled });
  };
  box.addEventListener('touchmove', move, { passive: false });
  const release = (): void => {
    if (from === null) return;
    from = null;
    head.setAttribute('data-resting', '');
    const { refresherThreshold } = host.data as RefresherData;
    if (pulled < refresherThreshold) {
      open(head, 0, '');
      fire(host, 'refresherabort');
      return;
    }
    open(head, refresherThreshold, '正在刷新…');
    fire(host, 'refresherrefresh');
  };
  box.addEventListener('touchend', release);
  box.addEventListener('touchcancel', release);
}

/** Close the pull-down: the page has refreshed. */
export function endRefreshing(host: Host): void {
  const head = heads.get(dom(host));
  if (!head?.textContent) return;
  open(head, 0, '');
  fire(host, 'refresherrestore');
}
