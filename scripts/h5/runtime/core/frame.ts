/** One open page: its life cycle, its scrolling, and the bar above it. */

import type * as adapter from 'glass-easel-miniprogram-adapter';
import * as glassEasel from 'glass-easel';

import type { Address } from './address';
import { backend } from './backend';
import type { EventChannel } from './event-channel';
import type { WindowConfig } from './manifest';
import { NavBar } from './nav-bar';
import { PullDown } from './pull-down';
import { createRoot, flushReady } from './space';
import { addStyle } from './style';

addStyle(`
.h5-page { position: absolute; inset: 0; display: flex; flex-direction: column; --h5-tab-space: 0px; --vh: calc((var(--h5-height) - var(--h5-nav) - var(--h5-tab-space)) / 100) }
.h5-page[hidden] { display: none }
.h5-page-custom { --vh: calc((var(--h5-height) - var(--h5-tab-space)) / 100) }
.h5-with-tabs .h5-page { --h5-tab-space: calc(var(--h5-tabs) + 1px + env(safe-area-inset-bottom)); bottom: var(--h5-tab-space) }
.h5-window { position: relative; flex: 1; min-height: 0; transform: translate(0); overflow: hidden }
.h5-scroll { position: relative; height: 100%; overflow: hidden auto; overscroll-behavior-y: contain; -webkit-overflow-scrolling: touch; scrollbar-width: none }
.h5-scroll::-webkit-scrollbar { display: none }
wx-page { display: block; min-height: 100%; box-sizing: border-box }
`);

/** The object that is `this` in a page's code. */
export type PageObject = Record<string, unknown> & { route?: string; options?: Record<string, string> };

const REACH_BOTTOM_PX = 50;

export class Frame {
  readonly element = document.createElement('section');
  readonly window = document.createElement('div');
  readonly scroll = document.createElement('div');
  readonly nav: NavBar;
  readonly pullDown: PullDown;
  readonly root: adapter.Root;
  readonly page: PageObject;
  readonly route: string;
  #shown = false;
  /** Whether the page shall refresh itself when it is seen next. */
  #outdated = false;
  /** The content's height, in px, when its bottom was last reached; 0 while away from it. Content that grew has a new bottom. */
  #endedAt = 0;

  constructor(
    readonly address: Address,
    readonly config: WindowConfig,
    act: ConstructorParameters<typeof NavBar>[1],
    opener: EventChannel | null,
  ) {
    this.route = address.route;
    this.element.className = config.navigationStyle === 'custom' ? 'h5-page h5-page-custom' : 'h5-page';
    this.element.dataset.route = this.route;
    this.window.className = 'h5-window';
    this.scroll.className = 'h5-scroll';
    this.scroll.style.background = config.backgroundColor ?? '';
    if (config.disableScroll) this.scroll.style.overflowY = 'hidden';
    this.nav = new NavBar(config, act);
    this.window.append(this.scroll);
    this.element.append(this.nav.element, this.window);
    this.pullDown = new PullDown(this, () => this.call('onPullDownRefresh'));
    this.root = createRoot(backend, address.url);
    this.page = this.root.get() as unknown as PageObject;
    Object.assign(this.page, { route: this.route, options: address.query, getOpenerEventChannel: () => opener });
    this.scroll.addEventListener('scroll', () => this.#scrolled(), { passive: true });
  }

  /** Put the page into `column` and start its life cycle. */
  open(column: Element): void {
    const place = document.createElement('div');
    this.scroll.append(place);
    column.prepend(this.element);
    (this.root.getComponent().$$ as unknown as HTMLElement).dataset.page = this.route;
    this.root.attach(this.scroll as unknown as glassEasel.GeneralBackendElement, place as unknown as glassEasel.GeneralBackendElement);
    this.call('onLoad', this.address.query);
    this.nav.setShare(this.has('onShareAppMessage'));
    this.show();
    flushReady();
    this.call('onReady');
  }

  show(): void {
    this.element.hidden = false;
    if (this.nav.title) document.title = this.nav.title;
    if (this.#shown) return;
    this.#shown = true;
    this.call('onShow');
    this.root.getComponent().triggerPageLifetime('show', []);
    if (this.#outdated) this.call('onPullDownRefresh');
    this.#outdated = false;
  }

  /** What the page shows is out of date: it refreshes itself, as when it is pulled down, the next time it is seen. */
  outdate(): void {
    this.#outdated = true;
  }

  /** Hide the page: another page or tab covers it. */
  hide(): void {
    this.pause();
    this.element.hidden = true;
  }

  /** Tell the page that nobody sees it at the moment. It stays on top. */
  pause(): void {
    if (!this.#shown) return;
    this.#shown = false;
    this.call('onHide');
    this.root.getComponent().triggerPageLifetime('hide', []);
  }

  close(): void {
    this.call('onUnload');
    this.root.release();
    this.element.remove();
  }

  has(name: string): boolean {
    return typeof this.page[name] === 'function';
  }

  /** Call the page's method `name` if it has one. What it throws is reported. */
  call(name: string, ...args: unknown[]): unknown {
    const method = this.page[name];
    if (typeof method !== 'function') return undefined;
    return glassEasel.safeCallback(name, method as (...given: unknown[]) => unknown, this.page, args, this.root.getComponent());
  }

  #scrolled(): void {
    const { scrollTop, scrollHeight, clientHeight } = this.scroll;
    if (this.element.hidden) return;
    this.call('onPageScroll', { scrollTop });
    const near = scrollTop + clientHeight >= scrollHeight - (this.config.onReachBottomDistance ?? REACH_BOTTOM_PX);
    const reached = near && this.#endedAt !== scrollHeight;
    this.#endedAt = near ? scrollHeight : 0;
    if (reached) this.call('onReachBottom');
  }
}
