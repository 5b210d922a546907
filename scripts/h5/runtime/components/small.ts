/** The tags icon, progress, slider, page-meta and web-view. */

import { builtin, dom, fire, type Host } from '../core/builtin';
import { addStyle, withUnits } from '../core/style';

const TICK = "%3Cpath d='m5.5 12.5 4.2 4.2 8.8-9.4'/%3E";
const CROSS = "%3Cpath d='m8 8 8 8m0-8-8 8'/%3E";
const RING = "%3Ccircle cx='12' cy='12' r='10'/%3E";
const MARK = "%3Cpath d='M12 6.5v7m0 3.2v.3'/%3E";

/** The shapes of WeChat's icons. They are drawn as masks, so that they can have any colour. */
const SHAPES: Record<string, string> = {
  success: RING + TICK,
  success_no_circle: TICK,
  info: RING + "%3Cpath d='M12 11v6m0-9.5v.3'/%3E",
  warn: RING + MARK,
  waiting: RING + "%3Cpath d='M12 6v6.5l4 2.5'/%3E",
  cancel: RING + CROSS,
  clear: RING + CROSS,
  download: "%3Cpath d='M12 4v11m-4.5-4.5L12 15l4.5-4.5M5 19h14'/%3E",
  search: "%3Ccircle cx='11' cy='11' r='6.5'/%3E%3Cpath d='m16 16 4 4'/%3E",
};

addStyle(`
wx-icon { display: inline-block; width: 23px; height: 23px; background: #C8371F; -webkit-mask: center/contain no-repeat; mask: center/contain no-repeat; vertical-align: middle }
wx-progress { display: flex; align-items: center; gap: 10px }
wx-progress > i { flex: 1; height: 6px; border-radius: 3px; overflow: hidden; background: #EFE5DA }
wx-progress > i > i { display: block; height: 100%; background: #C8371F }
wx-slider { display: flex; align-items: center; gap: 12px; padding: 0 18px }
wx-slider > input { flex: 1; min-width: 0; height: 44px; margin: 0; accent-color: #C8371F }
wx-web-view { display: block; position: absolute; inset: 0 }
wx-web-view > iframe { width: 100%; height: 100%; border: 0 }
`);

builtin('icon', {
  properties: { type: String, size: { type: null, value: 23 }, color: String },
  observers: {
    type(type: string) {
      const svg = `%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='1.6'%3E${SHAPES[type] ?? ''}%3C/svg%3E`;
      dom(this).style.setProperty('-webkit-mask-image', `url("data:image/svg+xml,${svg}")`);
      dom(this).style.setProperty('mask-image', `url("data:image/svg+xml,${svg}")`);
    },
    size(size: number | string) {
      const length = withUnits(/^[\d.]+$/.test(String(size)) ? `${size}px` : String(size));
      dom(this).style.width = length;
      dom(this).style.height = length;
    },
    color(color: string) {
      dom(this).style.background = color;
    },
  },
});

const bars = new WeakMap<HTMLElement, { track: HTMLElement; bar: HTMLElement; info: HTMLElement }>();

function barOf(host: { $$: unknown }) {
  return bars.get(dom(host)) as { track: HTMLElement; bar: HTMLElement; info: HTMLElement };
}

builtin('progress', {
  properties: {
    percent: Number,
    showInfo: Boolean,
    strokeWidth: { type: null, value: 6 },
    activeColor: String,
    color: String,
    backgroundColor: String,
    active: Boolean,
    duration: { type: Number, value: 30 },
  },
  observers: {
    'percent, active, duration': function fill(percent: number, active: boolean, duration: number) {
      const { bar, info } = barOf(this);
      const share = Math.max(0, Math.min(100, percent));
      bar.style.transition = active ? `width ${share * duration}ms linear` : '';
      bar.style.width = `${share}%`;
      info.textContent = `${share}%`;
      dom(this).setAttribute('aria-valuenow', String(share));
    },
    showInfo(shown: boolean) {
      barOf(this).info.hidden = !shown;
    },
    strokeWidth(width: number) {
      barOf(this).track.style.height = `${width}px`;
    },
    'activeColor, color': function paint(activeColor: string, color: string) {
      barOf(this).bar.style.background = activeColor || color;
    },
    backgroundColor(color: string) {
      barOf(this).track.style.background = color;
    },
  },
  lifetimes: {
    created() {
      const [track, bar, info] = ['i', 'i', 'span'].map((tag) => document.createElement(tag)) as [HTMLElement, HTMLElement, HTMLElement];
      track.append(bar);
      info.hidden = true;
      dom(this).append(track, info);
      dom(this).setAttribute('role', 'progressbar');
      bars.set(dom(this), { track, bar, info });
    },
  },
});

const sliders = new WeakMap<HTMLElement, HTMLInputElement>();

function rangeOf(host: { $$: unknown }): HTMLInputElement {
  return sliders.get(dom(host)) as HTMLInputElement;
}

builtin('slider', {
  properties: {
    name: String,
    min: { type: Number, value: 0 },
    max: { type: Number, value: 100 },
    step: { type: Number, value: 1 },
    value: { type: Number, value: 0 },
    disabled: Boolean,
    activeColor: String,
  },
  observers: {
    'min, max, step, value': function set(min: number, max: number, step: number, value: number) {
      Object.assign(rangeOf(this), { min: String(min), max: String(max), step: String(step), value: String(value) });
    },
    disabled(disabled: boolean) {
      rangeOf(this).disabled = disabled;
    },
    activeColor(color: string) {
      rangeOf(this).style.accentColor = color;
    },
    ariaLabel(text: string) {
      rangeOf(this).setAttribute('aria-label', text);
    },
  },
  methods: {
    formValue(): number {
      return rangeOf(this).valueAsNumber;
    },
    formReset(): void {
      (this as unknown as Host).setData({ value: (this as unknown as Host).data.min as number });
    },
  },
  lifetimes: {
    created() {
      const host = this as unknown as Host;
      const range = document.createElement('input');
      range.type = 'range';
      range.value = '0';
      range.addEventListener('input', () => fire(host, 'changing', { value: range.valueAsNumber }));
      range.addEventListener('change', () => {
        host.setData({ value: range.valueAsNumber });
        fire(host, 'change', { value: range.valueAsNumber });
      });
      sliders.set(dom(this), range);
      dom(this).append(range);
    },
  },
});

/** Sets the style of the page around it. Most pages use it to stop scrolling under a popup. */
builtin('page-meta', {
  properties: { pageStyle: String, rootFontSize: String, backgroundColor: String, backgroundTextStyle: String },
  observers: {
    pageStyle(style: string) {
      const scroll = dom(this).closest<HTMLElement>('.h5-scroll');
      const still = /overflow(?:-y)?\s*:\s*hidden/.test(style);
      if (scroll) scroll.style.overflowY = still ? 'hidden' : '';
    },
    backgroundColor(color: string) {
      const scroll = dom(this).closest<HTMLElement>('.h5-scroll');
      if (scroll) scroll.style.background = color;
    },
  },
});

builtin('web-view', {
  properties: { src: String },
  observers: {
    src(src: string) {
      const frame = dom(this).querySelector('iframe');
      if (frame && src) frame.src = src;
    },
  },
  lifetimes: {
    created() {
      const host = this as unknown as Host;
      const frame = document.createElement('iframe');
      frame.title = '网页';
      frame.addEventListener('load', () => fire(host, 'load', { src: frame.src }));
      dom(this).append(frame);
    },
  },
});
