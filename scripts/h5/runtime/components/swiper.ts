import { ancestor, builtin, dom, fire, instanceAt, type Host } from '../core/builtin';
import { addStyle, withUnits } from '../core/style';
import { watchDrag } from './drag';
import { place } from './ring';
import { soon } from './soon';

addStyle(`
wx-swiper { display: block; position: relative; height: 150px; overflow: hidden; touch-action: pan-y }
wx-swiper[data-vertical] { touch-action: pan-x }
wx-swiper-item { display: block; position: absolute; overflow: hidden; width: 100%; height: 100%; top: 0; left: 0; will-change: transform }
.wx-swiper-dots { position: absolute; bottom: 10px; left: 0; right: 0; z-index: 1; display: flex; justify-content: center; gap: 8px; pointer-events: none }
.wx-swiper-dots > i { width: 8px; height: 8px; border-radius: 50% }
`);

interface SwiperData {
  current: number;
  duration: number;
  interval: number;
  autoplay: boolean;
  circular: boolean;
  vertical: boolean;
  indicatorDots: boolean;
  indicatorColor: string;
  indicatorActiveColor: string;
  previousMargin: string;
  nextMargin: string;
  disableTouch: boolean;
}

type Source = '' | 'autoplay' | 'touch';

const still = matchMedia('(prefers-reduced-motion: reduce)');

/** The moving part of one swiper. `offset` is the item in view, or a fraction between two items during a move. */
class Track {
  offset = 0;
  /** The offset where it rests, or to which it moves; beyond the ends while it goes round. */
  #aim = 0;
  #frame = 0;
  #timer = 0;
  #dots: HTMLElement | null = null;

  constructor(readonly host: Host) {}

  /** The index of the item where it rests, or to which it moves. */
  get shown(): number {
    const count = this.items().length || 1;
    return ((this.#aim % count) + count) % count;
  }

  /** Show the current item at once, for example after items were added or removed. */
  settle(): void {
    this.offset = this.#aim = this.data.current;
    this.draw();
  }

  get data(): SwiperData {
    return this.host.data as SwiperData;
  }

  /** The items of this swiper itself, without those of a swiper inside it. */
  items(): HTMLElement[] {
    const found = dom(this.host).querySelectorAll<HTMLElement>('wx-swiper-item');
    return Array.from(found).filter((item) => item.parentElement?.closest('wx-swiper') === dom(this.host));
  }

  /** The length of one item along the axis, in px. */
  length(): number {
    const item = this.items()[0] ?? dom(this.host);
    return (this.data.vertical ? item.offsetHeight : item.offsetWidth) || 1;
  }

  draw(): void {
    const { circular, vertical, previousMargin, nextMargin } = this.data;
    const items = this.items();
    const before = withUnits(previousMargin);
    const margins = `calc(100% - (${before}) - (${withUnits(nextMargin)}))`;
    items.forEach((item, index) => {
      const at = place(index, this.offset, items.length, circular) * 100;
      item.style.transform = vertical ? `translate(0, ${at}%)` : `translate(${at}%, 0)`;
      item.style[vertical ? 'top' : 'left'] = before;
      item.style[vertical ? 'height' : 'width'] = margins;
      item.toggleAttribute('inert', Math.abs(at) >= 100 && before === '0px');
    });
    this.#drawDots(items.length);
  }

  #drawDots(count: number): void {
    const { indicatorDots, indicatorColor, indicatorActiveColor, current } = this.data;
    if (!indicatorDots) {
      this.#dots?.replaceChildren();
      return;
    }
    if (!this.#dots) {
      this.#dots = document.createElement('div');
      this.#dots.className = 'wx-swiper-dots';
      this.#dots.setAttribute('aria-hidden', 'true');
      dom(this.host).append(this.#dots);
    }
    while (this.#dots.childElementCount > count) this.#dots.lastElementChild?.remove();
    while (this.#dots.childElementCount < count) this.#dots.append(document.createElement('i'));
    Array.from(this.#dots.children).forEach((dot, index) => {
      (dot as HTMLElement).style.background = index === current ? indicatorActiveColor : indicatorColor;
    });
  }

  /** Move to `index`, which may lie beyond the ends if the swiper is circular. */
  go(index: number, source: Source): void {
    const count = this.items().length;
    if (count === 0) return;
    const { circular, duration, current } = this.data;
    const aim = circular ? index : Math.max(0, Math.min(count - 1, index));
    const shown = ((aim % count) + count) % count;
    this.#aim = aim;
    const from = this.offset;
    const changed = shown !== current;
    if (changed) {
      this.host.setData({ current: shown });
      fire(this.host, 'change', { current: shown, currentItemId: this.#itemId(shown), source });
    }
    cancelAnimationFrame(this.#frame);
    const begun = performance.now();
    const limit_ms = still.matches || !dom(this.host).isConnected ? 0 : duration;
    const step = (now: number): void => {
      const part = limit_ms > 0 ? Math.min(1, Math.max(0, (now - begun) / limit_ms)) : 1;
      this.offset = from + (aim - from) * (1 - (1 - part) ** 3);
      if (part === 1) this.offset = this.#aim = shown;
      this.draw();
      if (part < 1) this.#frame = requestAnimationFrame(step);
      else if (changed) fire(this.host, 'animationfinish', { current: shown, currentItemId: this.#itemId(shown), source });
    };
    step(begun);
  }

  /** Move `steps` items further than the present target. */
  turn(steps: number, source: Source): void {
    this.go(this.#aim + steps, source);
  }

  #itemId(index: number): string {
    const item = this.items()[index];
    return ((item && instanceAt(item)?.data) as { itemId?: string } | undefined)?.itemId ?? '';
  }

  /** Move to the item `current`; if circular, the shorter way round. */
  goTo(current: number): void {
    const count = this.items().length;
    this.go(this.#aim + place(current, this.#aim, count, this.data.circular), '');
  }

  hold(): void {
    cancelAnimationFrame(this.#frame);
    clearInterval(this.#timer);
  }

  /** Follow a finger that went down at the offset `from` and has moved by `part` items since. */
  follow(from: number, part: number): void {
    const last = this.items().length - 1;
    const free = from - part;
    const bounded = this.data.circular ? free : Math.max(-0.2, Math.min(last + 0.2, free));
    this.offset = bounded;
    this.draw();
  }

  play(): void {
    clearInterval(this.#timer);
    if (!this.data.autoplay || still.matches) return;
    this.#timer = window.setInterval(() => {
      const { current, circular } = this.data;
      const count = this.items().length;
      if (count < 2 || document.hidden || dom(this.host).offsetParent === null) return;
      if (circular || current < count - 1) this.turn(1, 'autoplay');
      else this.go(0, 'autoplay');
    }, this.data.interval);
  }
}

const tracks = new WeakMap<HTMLElement, Track>();

function trackOf(host: { $$: unknown }): Track {
  return tracks.get(dom(host)) as Track;
}

const FLICK_PX_PER_MS = 0.3;

function listen(track: Track): void {
  const element = dom(track.host);
  let from = 0;
  watchDrag(element, {
    axis: () => (track.data.disableTouch ? null : track.data.vertical ? 'y' : 'x'),
    start() {
      track.hold();
      from = track.offset;
    },
    move: (distance) => track.follow(from, distance / track.length()),
    end(distance, speed) {
      const part = -distance / track.length();
      const flicked = Math.abs(speed) > FLICK_PX_PER_MS ? -Math.sign(speed) : 0;
      const steps = flicked || Math.sign(part) * Number(Math.abs(part) > 0.5);
      track.go(Math.round(from) + steps, 'touch');
      track.play();
    },
  });
  element.addEventListener('keydown', ({ key, target }) => {
    if (target !== element) return;
    if (key === 'ArrowLeft' || key === 'ArrowUp') track.turn(-1, 'touch');
    if (key === 'ArrowRight' || key === 'ArrowDown') track.turn(1, 'touch');
  });
}

builtin('swiper', {
  properties: {
    indicatorDots: Boolean,
    indicatorColor: { type: String, value: 'rgba(43, 33, 28, .28)' },
    indicatorActiveColor: { type: String, value: '#C8371F' },
    autoplay: Boolean,
    current: { type: Number, value: 0 },
    interval: { type: Number, value: 5000 },
    duration: { type: Number, value: 500 },
    circular: Boolean,
    vertical: Boolean,
    previousMargin: { type: String, value: '0px' },
    nextMargin: { type: String, value: '0px' },
    disableTouch: Boolean,
  },
  observers: {
    current(current: number) {
      const track = trackOf(this);
      if (track.shown !== current) soon(this, () => track.goTo(current));
    },
    'autoplay, interval': function play() {
      if (dom(this).isConnected) trackOf(this).play();
    },
    vertical(vertical: boolean) {
      dom(this).toggleAttribute('data-vertical', vertical);
    },
    'circular, vertical, indicatorDots, indicatorColor, indicatorActiveColor, previousMargin, nextMargin': function redraw() {
      trackOf(this).draw();
    },
  },
  lifetimes: {
    created() {
      const element = dom(this);
      const track = new Track(this as unknown as Host);
      tracks.set(element, track);
      element.tabIndex = 0;
      element.setAttribute('role', 'group');
      element.setAttribute('aria-roledescription', '轮播');
      listen(track);
    },
    attached() {
      trackOf(this).draw();
      trackOf(this).play();
    },
    detached() {
      trackOf(this).hold();
    },
  },
});

function rearrange(swiper: Host | null): void {
  if (swiper) soon(swiper, () => trackOf(swiper).settle());
}

const homes = new WeakMap<HTMLElement, Host | null>();

builtin('swiper-item', {
  properties: { itemId: String, skipHiddenItemLayout: Boolean },
  lifetimes: {
    attached() {
      const swiper = ancestor(this, 'swiper');
      homes.set(dom(this), swiper);
      rearrange(swiper);
    },
    detached() {
      rearrange(homes.get(dom(this)) ?? null);
    },
  },
});
