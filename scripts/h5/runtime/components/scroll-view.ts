import { builtin, dom, fire, instanceAt, type Host } from '../core/builtin';
import { addStyle } from '../core/style';
import { addRefresher, endRefreshing } from './refresher';
import { soon } from './soon';

addStyle(`
wx-scroll-view { display: block; position: relative; width: 100%; overflow: hidden; overflow-anchor: none; -webkit-overflow-scrolling: touch }
wx-scroll-view[data-bare] { scrollbar-width: none }
wx-scroll-view[data-bare]::-webkit-scrollbar { display: none }
`);

interface ScrollData {
  scrollX: boolean;
  scrollY: boolean;
  scrollTop: number | string;
  scrollLeft: number | string;
  scrollIntoView: string;
  scrollWithAnimation: boolean;
  upperThreshold: number | string;
  lowerThreshold: number | string;
}

/** Where a view was at its last event. `start` and `end` say that it was there already, so that it is told only once. */
interface Place {
  left: number;
  top: number;
  start: boolean;
  end: boolean;
}

const places = new WeakMap<HTMLElement, Place>();

const px = (value: number | string): number => parseFloat(String(value)) || 0;

function tellEdges(host: Host, box: HTMLElement, before: Place): Place {
  const { scrollX, scrollY, upperThreshold, lowerThreshold } = host.data as ScrollData;
  const position = scrollY ? box.scrollTop : box.scrollLeft;
  const left = scrollY ? box.scrollHeight - box.clientHeight - position : box.scrollWidth - box.clientWidth - position;
  const start = position <= px(upperThreshold);
  const end = left <= px(lowerThreshold);
  if (scrollX || scrollY) {
    const backwards = scrollY ? box.scrollTop < before.top : box.scrollLeft < before.left;
    if (start && !before.start && backwards) fire(host, 'scrolltoupper', { direction: scrollY ? 'top' : 'left' });
    if (end && !before.end && !backwards) fire(host, 'scrolltolower', { direction: scrollY ? 'bottom' : 'right' });
  }
  return { left: box.scrollLeft, top: box.scrollTop, start, end };
}

function onScroll(host: Host): void {
  const box = dom(host);
  const before = places.get(box) ?? { left: 0, top: 0, start: true, end: false };
  const { scrollLeft, scrollTop, scrollWidth, scrollHeight } = box;
  const moved = { deltaX: before.left - scrollLeft, deltaY: before.top - scrollTop };
  places.set(box, tellEdges(host, box, before));
  fire(host, 'scroll', { scrollLeft, scrollTop, scrollWidth, scrollHeight, ...moved });
}

function scrollHost(host: Host, to: ScrollToOptions): void {
  const { scrollWithAnimation } = host.data as ScrollData;
  dom(host).scrollTo({ ...to, behavior: scrollWithAnimation ? 'smooth' : 'instant' });
}

/** Scroll the element with the id `id` to the start of the view, after the present update, which may be what adds it. */
function scrollInto(host: Host, id: string): void {
  soon(host, () => {
    const box = dom(host);
    const target = id ? box.querySelector(`#${CSS.escape(id)}`) : null;
    if (!target || !instanceAt(target)) return;
    const inner = target.getBoundingClientRect();
    const outer = box.getBoundingClientRect();
    const { scrollX, scrollY } = host.data as ScrollData;
    scrollHost(host, {
      ...(scrollY ? { top: box.scrollTop + inner.top - outer.top } : {}),
      ...(scrollX ? { left: box.scrollLeft + inner.left - outer.left } : {}),
    });
  });
}

builtin('scroll-view', {
  properties: {
    scrollX: Boolean,
    scrollY: Boolean,
    upperThreshold: { type: null, value: 50 },
    lowerThreshold: { type: null, value: 50 },
    scrollTop: null,
    scrollLeft: null,
    scrollIntoView: String,
    scrollWithAnimation: Boolean,
    enableFlex: Boolean,
    enhanced: Boolean,
    showScrollbar: { type: Boolean, value: true },
    refresherEnabled: Boolean,
    refresherThreshold: { type: Number, value: 45 },
    refresherTriggered: Boolean,
  },
  observers: {
    'scrollX, scrollY': function axes(x: boolean, y: boolean) {
      dom(this).style.overflowX = x ? 'auto' : 'hidden';
      dom(this).style.overflowY = y ? 'auto' : 'hidden';
    },
    showScrollbar(shown: boolean) {
      dom(this).toggleAttribute('data-bare', !shown);
    },
    scrollTop(top: unknown) {
      if (top !== null && top !== '') soon(this, (host) => scrollHost(host, { top: px(top as number) }));
    },
    scrollLeft(left: unknown) {
      if (left !== null && left !== '') soon(this, (host) => scrollHost(host, { left: px(left as number) }));
    },
    scrollIntoView(id: string) {
      scrollInto(this as unknown as Host, id);
    },
    refresherEnabled(enabled: boolean) {
      if (enabled) addRefresher(this as unknown as Host);
    },
    refresherTriggered(triggered: boolean) {
      if (!triggered) endRefreshing(this as unknown as Host);
    },
  },
  lifetimes: {
    created() {
      const host = this as unknown as Host;
      dom(this).addEventListener('scroll', () => onScroll(host), { passive: true });
    },
  },
});
