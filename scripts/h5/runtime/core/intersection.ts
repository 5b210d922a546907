/** Watches elements come into view. The adapter's own watcher does not report elements that are in view from the start. */

import type * as glassEasel from 'glass-easel';

import { dom } from './builtin';
import { componentAt } from './space';

interface Options {
  thresholds?: number[];
  initialRatio?: number;
  observeAll?: boolean;
}

/** How far the watched area reaches beyond its element, in px. */
interface Margins {
  top?: number;
  right?: number;
  bottom?: number;
  left?: number;
}

interface Seen {
  id: string;
  dataset: Record<string, unknown>;
  intersectionRatio: number;
  intersectionRect: DOMRectReadOnly;
  boundingClientRect: DOMRectReadOnly;
  relativeRect: DOMRectReadOnly | null;
  time: number;
}

class ElementWatcher {
  readonly #root: glassEasel.ShadowRoot | null;
  readonly #options: Options;
  #relative: string | null = null;
  #margins: Margins = {};
  #observers: IntersectionObserver[] = [];

  constructor(owner: object, options: Options) {
    this.#root = componentAt(owner).getShadowRoot();
    this.#options = options;
  }

  relativeTo(selector: string, margins: Margins = {}): this {
    this.#relative = selector;
    this.#margins = margins;
    return this;
  }

  relativeToViewport(margins: Margins = {}): this {
    this.#relative = null;
    this.#margins = margins;
    return this;
  }

  /** Call `listener` whenever an element that `selector` finds crosses one of the thresholds. */
  observe(selector: string, listener: (seen: Seen) => void): void {
    const found = this.#root?.querySelectorAll(selector) ?? [];
    for (const element of this.#options.observeAll ? found : found.slice(0, 1)) this.#watch(element, listener);
  }

  #watch(element: glassEasel.Element, listener: (seen: Seen) => void): void {
    const { top = 0, right = 0, bottom = 0, left = 0 } = this.#margins;
    const { thresholds = [0], initialRatio = 0 } = this.#options;
    const relative = this.#relative === null ? null : this.#root?.querySelector(this.#relative);
    let first = true;
    const report = ([entry]: IntersectionObserverEntry[]): void => {
      if (!entry) return;
      const asExpected = first && entry.intersectionRatio === initialRatio && !entry.isIntersecting;
      first = false;
      if (!asExpected) listener(seen(element, entry));
    };
    const observer = new IntersectionObserver(report, {
      root: relative ? dom(relative) : dom(element).closest('.h5-scroll'),
      rootMargin: `${top}px ${right}px ${bottom}px ${left}px`,
      threshold: thresholds,
    });
    observer.observe(dom(element));
    this.#observers.push(observer);
  }

  disconnect(): void {
    for (const observer of this.#observers.splice(0)) observer.disconnect();
  }
}

function seen(element: glassEasel.Element, entry: IntersectionObserverEntry): Seen {
  const { intersectionRatio, intersectionRect, boundingClientRect, rootBounds, time } = entry;
  const { id, dataset } = element;
  return { id, dataset, intersectionRatio, intersectionRect, boundingClientRect, relativeRect: rootBounds, time };
}

/** Make `this.createIntersectionObserver()` of every page and component return these watchers. */
export function installWatchers(prototype: object): void {
  Object.defineProperty(prototype, 'createIntersectionObserver', {
    configurable: true,
    writable: true,
    value(this: object, options: Options = {}) {
      return new ElementWatcher(this, options);
    },
  });
}
