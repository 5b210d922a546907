/** The bar above a page: a button back or home, the title, and a button to share. */

import { addStyle } from './style';
import type { WindowConfig } from './manifest';

const HEIGHT_PX = 44;
const CAPSULE = { width: 64, height: 32, gap: 8 };

function icon(path: string): string {
  const svg = `<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='%23000' stroke-width='2' stroke-linecap='round' stroke-linejoin='round'>${path}</svg>`;
  return `url("data:image/svg+xml,${svg}") center / 22px no-repeat`;
}

addStyle(`
.h5-nav { position: relative; flex: none; display: flex; align-items: center; height: var(--h5-nav); color: var(--h5-front); background: var(--h5-back); z-index: 2 }
.h5-nav-title { position: absolute; left: 88px; right: 88px; text-align: center; font: 600 17px/44px -apple-system, BlinkMacSystemFont, 'PingFang SC', 'Noto Sans CJK SC', sans-serif; overflow: hidden; white-space: nowrap; text-overflow: ellipsis; pointer-events: none; margin: 0 }
.h5-nav button { position: relative; z-index: 1; height: 44px; min-width: 44px; padding: 0; border: 0; background: none; color: inherit; font: 14px/44px sans-serif; cursor: pointer }
.h5-nav-lead::before { content: ''; display: block; width: 44px; height: 44px; background: currentColor; -webkit-mask: var(--h5-icon); mask: var(--h5-icon) }
.h5-nav-back { --h5-icon: ${icon("<path d='M15 5l-7 7 7 7'/>")} }
.h5-nav-home { --h5-icon: ${icon("<path d='M4 11l8-7 8 7v9h-5v-6H9v6H4z'/>")} }
.h5-nav .h5-nav-share { margin-left: auto; padding: 0 16px; opacity: .8 }
.h5-nav-busy .h5-nav-title::before { content: ''; display: inline-block; width: 14px; height: 14px; margin-right: 8px; vertical-align: -2px; border: 2px solid; border-right-color: transparent; border-radius: 50%; animation: h5-turn .8s linear infinite }
.h5-nav-custom { position: absolute; inset: 0 0 auto; background: none; pointer-events: none }
.h5-nav-custom > * { pointer-events: auto }
.h5-nav-custom .h5-nav-title, .h5-nav-custom .h5-nav-lead { display: none }
.h5-nav-custom .h5-nav-share { height: 32px; line-height: 32px; margin-right: 8px; border-radius: 16px; color: #2b211c; background: rgba(255,255,255,.72) }
@keyframes h5-turn { to { transform: rotate(1turn) } }
`);

type Act = (act: 'back' | 'home' | 'share') => void;

/** The bar's first button: back, home, or none. */
export type Lead = 'back' | 'home' | 'none';

function plainButton(className: string, label: string, act: () => void): HTMLButtonElement {
  const element = document.createElement('button');
  element.type = 'button';
  element.className = className;
  element.setAttribute('aria-label', label);
  element.addEventListener('click', act);
  return element;
}

export class NavBar {
  readonly element = document.createElement('header');
  readonly #title = document.createElement('h1');
  readonly #lead: HTMLButtonElement;
  readonly #share: HTMLButtonElement;
  #kind: Lead = 'none';

  constructor(config: WindowConfig, act: Act) {
    this.element.className = 'h5-nav';
    this.element.classList.toggle('h5-nav-custom', config.navigationStyle === 'custom');
    this.#title.className = 'h5-nav-title';
    this.#lead = plainButton('h5-nav-lead', '', () => this.#kind !== 'none' && act(this.#kind));
    this.#share = plainButton('h5-nav-share', '分享', () => act('share'));
    this.#share.textContent = '分享';
    this.#share.hidden = true;
    this.element.append(this.#lead, this.#title, this.#share);
    this.setTitle(config.navigationBarTitleText ?? '');
    const front = config.navigationBarTextStyle === 'black' ? '#000000' : '#ffffff';
    this.setColors(front, config.navigationBarBackgroundColor ?? '#000000');
    this.setLead('none');
  }

  get title(): string {
    return this.#title.textContent ?? '';
  }

  setTitle(text: string): void {
    this.#title.textContent = text;
    if (this.element.offsetParent) document.title = text;
  }

  /** `front` is `#000000` or `#ffffff`, as in WeChat. */
  setColors(front: string, back: string): void {
    this.element.style.setProperty('--h5-front', front);
    this.element.style.setProperty('--h5-back', back);
  }

  setLoading(on: boolean): void {
    this.element.classList.toggle('h5-nav-busy', on);
  }

  setLead(kind: Lead): void {
    this.#kind = kind;
    this.#lead.hidden = kind === 'none';
    this.#lead.className = `h5-nav-lead h5-nav-${kind}`;
    this.#lead.setAttribute('aria-label', kind === 'home' ? '首页' : '返回');
  }

  hideHome(): void {
    if (this.#kind === 'home') this.setLead('none');
  }

  setShare(on: boolean): void {
    this.#share.hidden = !on;
  }
}

/** The place that WeChat's menu button would have, in px of the document. */
export function capsule(): DOMRect {
  const column = document.querySelector('.h5-shop')?.getBoundingClientRect();
  const right = (column?.right ?? document.documentElement.clientWidth) - CAPSULE.gap;
  return new DOMRect(right - CAPSULE.width, (HEIGHT_PX - CAPSULE.height) / 2, CAPSULE.width, CAPSULE.height);
}
