/** The sheet of `picker`: a title, two buttons, and columns that snap. It is loaded when the first picker opens. */

import { dom, type Host } from '../core/builtin';
import { addStyle } from '../core/style';
import { button, h } from '../wx/dom';
import { openSheet } from '../wx/sheets';
import * as wheels from './picker-columns';
import type { PickerData, Wheel } from './picker-columns';

addStyle(`
.wx-picker-head { display: flex; align-items: center; justify-content: space-between; border-bottom: 1px solid var(--wxui-line) }
.wx-picker-head > strong { font-size: 16px }
.wxui-sheet .wx-picker-head > button { min-width: 72px; min-height: 52px; color: var(--wxui-ink-2) }
.wxui-sheet .wx-picker-head > button:last-child { color: var(--wxui-brand); font-weight: 600 }
.wx-picker-columns { position: relative; display: flex; height: 240px }
.wx-picker-columns::before { content: ""; position: absolute; top: 96px; left: 12px; right: 12px; height: 48px; border-radius: 10px; background: var(--wxui-brand-soft) }
.wx-picker-column { position: relative; flex: 1; min-width: 0; overflow: hidden auto; scroll-snap-type: y mandatory; scrollbar-width: none; overscroll-behavior: contain; padding: 96px 0 }
.wx-picker-column::-webkit-scrollbar { display: none }
.wx-picker-column > div { height: 48px; padding: 0 6px; line-height: 48px; text-align: center; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; scroll-snap-align: center; color: var(--wxui-ink-2); cursor: pointer }
.wx-picker-column > div[aria-selected="true"] { color: var(--wxui-ink); font-weight: 600 }
`);

const ITEM_PX = 48;
const NAMES = ['第一列', '第二列', '第三列', '第四列', '第五列'];

async function wheelFor(data: PickerData): Promise<Wheel> {
  const now = new Date();
  switch (data.mode) {
    case 'multiSelector':
      return wheels.multiSelector(data);
    case 'time':
      return wheels.time(data);
    case 'date':
      return wheels.date(data, [now.getFullYear(), now.getMonth() + 1, now.getDate()]);
    case 'region':
      return wheels.region(data, (await import('./regions')).regions());
    default:
      return wheels.selector(data);
  }
}

/** One column: a list box whose middle option is the chosen one. */
class Column {
  readonly element = h('div', 'wx-picker-column');
  #labels: string[] = [];
  #place = 0;

  constructor(name: string, moved: (place: number) => void) {
    this.element.setAttribute('role', 'listbox');
    this.element.setAttribute('aria-label', name);
    this.element.tabIndex = 0;
    let timer = 0;
    this.element.addEventListener('scroll', () => {
      clearTimeout(timer);
      timer = window.setTimeout(() => {
        const place = Math.round(this.element.scrollTop / ITEM_PX);
        if (place !== this.#place && this.mark(place)) moved(this.#place);
      }, 90);
    });
    this.element.addEventListener('click', ({ target }) => {
      const place = Array.prototype.indexOf.call(this.element.children, target);
      if (place >= 0) this.turn(place, moved);
    });
    this.element.addEventListener('keydown', (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this.turn(this.#place + step, moved);
    });
  }

  /** Choose the option at index `place` and scroll to it. Returns false where there is none. */
  mark(place: number): boolean {
    if (place < 0 || place >= this.#labels.length) return false;
    this.element.children[this.#place]?.setAttribute('aria-selected', 'false');
    this.element.children[place]?.setAttribute('aria-selected', 'true');
    this.#place = place;
    return true;
  }

  turn(place: number, moved: (place: number) => void): void {
    if (!this.mark(place)) return;
    this.element.scrollTo({ top: place * ITEM_PX, behavior: 'smooth' });
    moved(place);
  }

  show(labels: string[], place: number): void {
    if (labels.length !== this.#labels.length || labels.some((one, index) => one !== this.#labels[index])) {
      this.#labels = labels;
      this.element.replaceChildren(...labels.map(option));
    }
    this.mark(Math.min(place, labels.length - 1));
    if (Math.round(this.element.scrollTop / ITEM_PX) !== this.#place) this.element.scrollTop = this.#place * ITEM_PX;
  }

  get place(): number {
    return this.#place;
  }
}

function option(label: string): HTMLElement {
  const element = h('div', '', label);
  element.setAttribute('role', 'option');
  element.setAttribute('aria-selected', 'false');
  return element;
}

const TITLES: Record<string, string> = { date: '选择日期', time: '选择时间', region: '选择地区' };

/** Ask for a value; null if cancelled. `told` is called for each turned column; a page may answer with a new `range`. */
export async function pick(
  data: PickerData,
  told: (column: number, place: number) => void,
  host: Host,
): Promise<{ value: unknown } | null> {
  let wheel = await wheelFor(data);
  const title = data.headerText || TITLES[data.mode] || '请选择';
  const sheet = openSheet<boolean>({ placing: 'bottom', label: title, dismissed: false, tapOutside: true });
  const places = [...wheel.initial];
  const columns = wheel.initial.map((_, index) => {
    return new Column(NAMES[index] ?? '', (place) => {
      places[index] = place;
      if (data.mode === 'region') places.fill(0, index + 1);
      refresh();
      told(index, place);
    });
  });
  const refresh = (): void => {
    const labels = wheel.columns(places);
    columns.forEach((column, index) => {
      column.show(labels[index] ?? [], places[index] ?? 0);
      places[index] = column.place;
    });
  };
  const renewed = async (): Promise<void> => {
    wheel = await wheelFor(host.data as PickerData);
    places.splice(0, places.length, ...(data.mode === 'multiSelector' ? wheel.initial : places));
    refresh();
  };
  dom(host).addEventListener('wx-range', renewed);
  sheet.element.append(
    h(
      'div',
      'wx-picker-head',
      button('', '取消', () => sheet.close(false)),
      h('strong', '', title),
      button('', '确定', () => sheet.close(true)),
    ),
    h('div', 'wx-picker-columns', ...columns.map((column) => column.element)),
  );
  refresh();
  columns[0]?.element.focus();
  const confirmed = await sheet.closed;
  dom(host).removeEventListener('wx-range', renewed);
  return confirmed ? wheel.result(places) : null;
}
