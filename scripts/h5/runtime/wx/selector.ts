/**
 * Selector queries, measured in the DOM. The adapter of glass-easel has queries of its own, but without canvas nodes,
 * computed styles and the page's scroll offset. `installSelectorQueries` replaces them.
 */

import type * as glassEasel from 'glass-easel';

import { dom } from '../core/builtin';
import { topFrame } from '../core/pages';
import { componentAt } from '../core/space';

interface Fields {
  id?: boolean;
  dataset?: boolean;
  mark?: boolean;
  rect?: boolean;
  size?: boolean;
  scrollOffset?: boolean;
  node?: boolean;
  context?: boolean;
  properties?: string[];
  computedStyle?: string[];
}

type Found = Record<string, unknown>;
type Tell = (found: Found | Found[] | null) => void;

/** The object that is `this` in the code of a page or component. */
export type Caller = object;

interface Job {
  owner: Caller | undefined;
  selector: string | null;
  all: boolean;
  fields: Fields;
  tell: Tell | undefined;
}

const RECT: Fields = { id: true, dataset: true, rect: true, size: true };
const SCROLL: Fields = { id: true, dataset: true, scrollOffset: true };

function sides(rect: DOMRect): Found {
  return { left: rect.left, top: rect.top, right: rect.right, bottom: rect.bottom };
}

function scrolled(box: Element): Found {
  const { scrollLeft, scrollTop, scrollWidth, scrollHeight } = box;
  return { scrollLeft, scrollTop, scrollWidth, scrollHeight };
}

function measure(element: glassEasel.Element, fields: Fields): Found {
  const box = dom(element);
  const rect = box.getBoundingClientRect();
  const found: Found = {};
  if (fields.id) found.id = element.id;
  if (fields.dataset) found.dataset = element.dataset;
  if (fields.mark) found.mark = element.collectMarks();
  if (fields.rect) Object.assign(found, sides(rect));
  if (fields.size) Object.assign(found, { width: rect.width, height: rect.height });
  if (fields.scrollOffset) Object.assign(found, scrolled(scroller(box)));
  if (fields.node || fields.context) found[fields.node ? 'node' : 'context'] = box.querySelector('canvas') ?? box;
  const data = (element as Partial<glassEasel.GeneralComponent>).data as Found | undefined;
  for (const name of fields.properties ?? []) found[name] = data?.[name];
  const style = fields.computedStyle ? getComputedStyle(box) : undefined;
  for (const name of fields.computedStyle ?? []) found[name] = style?.getPropertyValue(kebab(name)) ?? '';
  return found;
}

/** A property's name in CSS: `backgroundColor` → `background-color`. */
export function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The element that scrolls in `box`: the inner one that its tag marks, else `box` itself. */
function scroller(box: Element): Element {
  return box.querySelector(':scope > [data-wx-scroll]') ?? box;
}

function measureViewport(fields: Fields): Found {
  const frame = topFrame();
  if (!frame) return {};
  const { clientWidth: width, clientHeight: height } = frame.window;
  const found: Found = {};
  if (fields.id) found.id = '';
  if (fields.dataset) found.dataset = {};
  if (fields.rect) Object.assign(found, { left: 0, top: 0, right: width, bottom: height });
  if (fields.size) Object.assign(found, { width, height });
  if (fields.scrollOffset) Object.assign(found, scrolled(frame.scroll));
  return found;
}

function answer({ owner, selector, all, fields }: Job): Found | Found[] | null {
  if (selector === null) return measureViewport(fields);
  const root = owner && componentAt(owner).getShadowRoot();
  if (!root) return all ? [] : null;
  if (all) return root.querySelectorAll(selector).map((element) => measure(element, fields));
  const element = root.querySelector(selector);
  return element && measure(element, fields);
}

class NodesRef {
  constructor(
    private readonly query: SelectorQuery,
    private readonly selector: string | null,
    private readonly all: boolean,
  ) {}

  fields(fields: Fields, tell?: Tell): SelectorQuery {
    return this.query.push(this.selector, this.all, fields, tell);
  }

  boundingClientRect(tell?: Tell): SelectorQuery {
    return this.fields(RECT, tell);
  }

  scrollOffset(tell?: Tell): SelectorQuery {
    return this.fields(SCROLL, tell);
  }

  node(tell?: Tell): SelectorQuery {
    return this.fields({ node: true }, tell);
  }

  context(tell?: Tell): SelectorQuery {
    return this.fields({ context: true }, tell);
  }
}

export class SelectorQuery {
  readonly #jobs: Job[] = [];
  #owner: Caller | undefined;

  constructor(owner: Caller | undefined) {
    this.#owner = owner;
  }

  in(owner: Caller): this {
    this.#owner = owner;
    return this;
  }

  select(selector: string): NodesRef {
    return new NodesRef(this, selector, false);
  }

  selectAll(selector: string): NodesRef {
    return new NodesRef(this, selector, true);
  }

  selectViewport(): NodesRef {
    return new NodesRef(this, null, false);
  }

  push(selector: string | null, all: boolean, fields: Fields, tell: Tell | undefined): this {
    this.#jobs.push({ owner: this.#owner, selector, all, fields, tell });
    return this;
  }

  /** Run all queries together, after the data that was just set is drawn: so the page is laid out only once. */
  exec(tell?: (found: (Found | Found[] | null)[]) => void): this {
    setTimeout(() => {
      const answers = this.#jobs.map(answer);
      answers.forEach((found, index) => this.#jobs[index]?.tell?.(found));
      tell?.(answers);
    });
    return this;
  }
}

/** Make `this.createSelectorQuery()` of every page and component return these queries. */
export function installSelectorQueries(prototype: object): void {
  Object.assign(prototype, {
    createSelectorQuery(this: Caller) {
      return new SelectorQuery(this);
    },
  });
}
