/** Pulling a page down to refresh it. */

import { addStyle } from './style';
import type { WindowConfig } from './manifest';

addStyle(`
.h5-pull { position: absolute; inset: -48px 0 auto; height: 48px; display: flex; align-items: center; justify-content: center; gap: 6px }
.h5-pull i { width: 8px; height: 8px; border-radius: 50%; background: #796a60; opacity: .3; animation: h5-pulse 1s infinite }
.h5-pull i:nth-child(2) { animation-delay: .2s }
.h5-pull i:nth-child(3) { animation-delay: .4s }
@keyframes h5-pulse { 50% { opacity: 1 } }
.h5-scroll { transition: translate .2s }
`);

const OPEN_PX = 48;

interface Place {
  readonly window: HTMLElement;
  readonly scroll: HTMLElement;
  readonly config: WindowConfig;
}

export class PullDown {
  readonly #scroll: HTMLElement;
  readonly #dots = document.createElement('div');
  readonly #refresh: () => void;
  #startY: number | null = null;
  #pulled = 0;
  #open = false;

  constructor({ scroll, config }: Place, refresh: () => void) {
    this.#scroll = scroll;
    this.#refresh = refresh;
    this.#dots.className = 'h5-pull';
    this.#dots.setAttribute('aria-hidden', 'true');
    this.#dots.append(...Array.from({ length: 3 }, () => document.createElement('i')));
    if (config.enablePullDownRefresh) this.#listen();
  }

  #listen(): void {
    const scroll = this.#scroll;
    const passive = { passive: true };
    scroll.addEventListener('touchstart', (event) => this.#begin(event), passive);
    scroll.addEventListener('touchmove', (event) => this.#move(event), passive);
    scroll.addEventListener('touchend', () => this.#end(), passive);
    scroll.addEventListener('touchcancel', () => this.#end(), passive);
  }

  #begin(event: TouchEvent): void {
    this.#startY = this.#scroll.scrollTop <= 0 && !this.#open ? (event.touches[0]?.clientY ?? null) : null;
    this.#pulled = 0;
  }

  #move(event: TouchEvent): void {
    const touch = event.touches[0];
    if (this.#startY === null || !touch || this.#scroll.scrollTop > 0) return;
    this.#pulled = Math.max(0, (touch.clientY - this.#startY) / 2.5);
    if (this.#pulled > 0) this.#shift(this.#pulled);
  }

  #end(): void {
    if (this.#startY === null) return;
    this.#startY = null;
    if (this.#pulled >= OPEN_PX) this.start();
    else this.#shift(0);
  }

  #shift(distance: number): void {
    if (!this.#dots.isConnected) this.#scroll.prepend(this.#dots);
    this.#scroll.style.translate = distance ? `0 ${Math.min(distance, 2 * OPEN_PX)}px` : '';
    this.#scroll.style.overflow = distance ? 'visible' : '';
    if (!distance) this.#dots.remove();
  }

  /** Show the dots and call the page's `onPullDownRefresh`. */
  start(): void {
    this.#open = true;
    this.#shift(OPEN_PX);
    this.#refresh();
  }

  stop(): void {
    this.#open = false;
    this.#shift(0);
  }
}
