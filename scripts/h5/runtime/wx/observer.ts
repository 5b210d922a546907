/**
 * Intersection observers. glass-easel's adapter leaves out what is in view from the start, and its margins end at
 * the page's scroll area; these do not.
 */

import type * as glassEasel from 'glass-easel';

import { dom } from '../core/builtin';
import { topFrame } from '../core/pages';
import { componentAt } from '../core/space';

export interface ObserverOptions {
  thresholds?: number[];
  initialRatio?: number;
  observeAll?: boolean;
}

interface Margins {
  left?: number;
  top?: number;
  right?: number;
  bottom?: number;
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

/** Whether going from one ratio to another passes a threshold; touching counts, staying does not. Pure. */
export function crosses(from: number, to: number, thresholds: number[]): boolean {
  if (from === to) return false;
  const low = Math.min(from, to);
  const high = Math.max(from, to);
  return thresholds.some((threshold) => low <= threshold && threshold <= high);
}

export class PageObserver {
  readonly #owner: object;
  readonly #options: Required<ObserverOptions>;
  readonly #native: IntersectionObserver[] = [];
  #relative: string | null = null;
  #margins: Margins = {};

  constructor(owner: object, options: ObserverOptions = {}) {
    this.#owner = owner;
    this.#options = { thresholds: [0], initialRatio: 0, observeAll: false, ...options };
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

  observe(selector: string, listener: (seen: Seen) => void): void {
    const root = componentAt(this.#owner).getShadowRoot();
    const found = root?.querySelectorAll(selector) ?? [];
    const reference = this.#relative ? root?.querySelector(this.#relative) : null;
    for (const target of this.#options.observeAll ? found : found.slice(0, 1)) {
      const box = dom(target);
      const around = reference ? dom(reference) : (box.closest('.h5-scroll') ?? topFrame()?.scroll ?? null);
      this.#watch(target, box, around, listener);
    }
  }

  #watch(target: glassEasel.Element, box: HTMLElement, root: Element | null, listener: (seen: Seen) => void): void {
    const { top = 0, right = 0, bottom = 0, left = 0 } = this.#margins;
    const { thresholds, initialRatio } = this.#options;
    let before = initialRatio;
    const tell = (entry: IntersectionObserverEntry): void => {
      const { intersectionRatio, intersectionRect, boundingClientRect, rootBounds: relativeRect, time } = entry;
      const moved = crosses(before, intersectionRatio, thresholds);
      before = intersectionRatio;
      if (!moved) return;
      const { id, dataset } = target;
      listener({ id, dataset, intersectionRatio, intersectionRect, boundingClientRect, relativeRect, time });
    };
    const native = new IntersectionObserver((entries) => entries.forEach(tell), {
      root,
      rootMargin: `${top}px ${right}px ${bottom}px ${left}px`,
      threshold: thresholds,
    });
    native.observe(box);
    this.#native.push(native);
  }

  disconnect(): void {
    for (const native of this.#native.splice(0)) native.disconnect();
  }
}
