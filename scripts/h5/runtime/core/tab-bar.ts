/** The tab bar below the shop's main pages. */

import manifest from 'h5:manifest';

import { assetUrl, knowAssets } from './assets';
import type { TabItem } from './manifest';
import { addStyle } from './style';

addStyle(`
.h5-tabs { position: absolute; inset: auto 0 0; display: flex; height: var(--h5-tabs); padding-bottom: env(safe-area-inset-bottom); background: var(--h5-back); border-top: 1px solid var(--h5-border); z-index: 3 }
.h5-tab { position: relative; flex: 1; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 2px; padding: 0; border: 0; background: none; color: var(--h5-color); font: 10px/1.4 -apple-system, BlinkMacSystemFont, 'PingFang SC', 'Noto Sans CJK SC', sans-serif; cursor: pointer }
.h5-tab[aria-current] { color: var(--h5-selected) }
.h5-tab img { width: 27px; height: 27px }
.h5-tab-mark { position: absolute; top: 3px; left: calc(50% + 8px); min-width: 16px; box-sizing: border-box; padding: 0 4px; border-radius: 8px; background: #c8371f; color: #fff; font: 11px/16px sans-serif }
.h5-tab-mark:empty { top: 5px; min-width: 8px; width: 8px; height: 8px; padding: 0 }
.h5-tabs-off { display: none }
`);

type Changes = Partial<Pick<TabItem, 'text' | 'iconPath' | 'selectedIconPath'>>;

interface Style {
  color?: string;
  selectedColor?: string;
  backgroundColor?: string;
  borderStyle?: string;
}

class Tab {
  readonly element = document.createElement('button');
  readonly #picture = document.createElement('img');
  readonly #text = document.createElement('span');
  readonly #mark = document.createElement('span');
  readonly #item: TabItem;
  #on = false;

  constructor(item: TabItem, tap: () => void) {
    this.#item = { ...item };
    this.element.type = 'button';
    this.element.className = 'h5-tab';
    this.#picture.alt = '';
    this.#mark.className = 'h5-tab-mark';
    this.#mark.hidden = true;
    this.element.append(this.#picture, this.#text, this.#mark);
    this.element.addEventListener('click', tap);
    this.#draw();
  }

  #draw(): void {
    const { text, iconPath, selectedIconPath } = this.#item;
    const path = (this.#on && selectedIconPath) || iconPath;
    this.#text.textContent = text;
    this.#picture.hidden = !path;
    if (path) this.#picture.src = assetUrl(path);
  }

  change(changes: Changes): void {
    Object.assign(this.#item, changes);
    this.#draw();
  }

  select(on: boolean): void {
    this.#on = on;
    if (on) this.element.setAttribute('aria-current', 'page');
    else this.element.removeAttribute('aria-current');
    this.#draw();
  }

  /** Show a badge with `text`, a dot for '', nothing for null. */
  mark(text: string | null): void {
    this.#mark.hidden = text === null;
    this.#mark.textContent = text ?? '';
  }
}

type Tapped = (index: number, item: TabItem) => void;

// The bar draws its pictures as soon as this module is loaded, before anything else does.
knowAssets(manifest.assets);

const config = manifest.tabBar;
let tapped: Tapped = () => undefined;
const tabs = config?.list.map((item, index) => new Tab(item, () => tapped(index, item))) ?? [];
const bar = document.createElement('nav');
let onTabPage = false;
let allowed = true;

bar.className = 'h5-tabs h5-tabs-off';
bar.setAttribute('aria-label', '主导航');
bar.append(...tabs.map(({ element }) => element));

function draw(): void {
  bar.classList.toggle('h5-tabs-off', !onTabPage || !allowed);
  bar.parentElement?.classList.toggle('h5-with-tabs', onTabPage && allowed);
}

function at(index: number): Tab {
  const tab = tabs[index];
  if (!tab) throw new Error(`tabbar item not found: ${index}`);
  return tab;
}

export const tabBar = {
  element: bar,
  /** The index of the tab at `route`; -1 where `route` is no tab. */
  indexOf: (route: string): number => config?.list.findIndex(({ pagePath }) => pagePath === route) ?? -1,
  onTap(listener: Tapped): void {
    tapped = listener;
  },
  /** Show the bar as it is for the page at `route`, which is on top now. */
  follow(route: string): void {
    const index = tabBar.indexOf(route);
    onTabPage = index >= 0;
    if (onTabPage) tabs.forEach((tab, position) => tab.select(position === index));
    draw();
  },
  setBadge: (index: number, text: string): void => at(index).mark(text.length > 3 ? '…' : text),
  removeBadge: (index: number): void => at(index).mark(null),
  setDot: (index: number, on: boolean): void => at(index).mark(on ? '' : null),
  setItem: (index: number, changes: Changes): void => at(index).change(changes),
  setStyle({ color, selectedColor, backgroundColor, borderStyle }: Style): void {
    const values = { color, selected: selectedColor, back: backgroundColor, border: border(borderStyle) };
    for (const [name, value] of Object.entries(values)) if (value) bar.style.setProperty(`--h5-${name}`, value);
  },
  setShown(on: boolean): void {
    allowed = on;
    draw();
  },
};

function border(style: string | undefined): string | undefined {
  return style && (style === 'white' ? 'rgba(0,0,0,.04)' : 'rgba(0,0,0,.1)');
}

if (config) tabBar.setStyle({ borderStyle: 'black', ...config });
