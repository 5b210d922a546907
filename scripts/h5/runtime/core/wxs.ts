/** WXS functions as listeners to events and to changed attributes (`change:prop`). */

import * as glassEasel from 'glass-easel';

import type { Host } from './builtin';
import { componentAt } from './space';
import { withUnits } from './style';

type Listener = (...args: unknown[]) => unknown;

/** The object that WXS gets for an element: WeChat's ComponentDescriptor. */
class Descriptor {
  readonly #element: glassEasel.Element;
  #state: Record<string, unknown> = {};

  constructor(element: glassEasel.Element) {
    this.#element = element;
  }

  get #dom(): HTMLElement {
    return this.#element.$$ as unknown as HTMLElement;
  }

  get #inside(): glassEasel.ShadowRoot | null {
    return glassEasel.Component.isComponent(this.#element) ? this.#element.getShadowRoot() : null;
  }

  selectComponent(selector: string): Descriptor | null {
    const found = this.#inside?.querySelector(selector);
    return found ? descriptorOf(found) : null;
  }

  selectAllComponents(selector: string): Descriptor[] {
    return this.#inside?.querySelectorAll(selector).map(descriptorOf) ?? [];
  }

  setStyle(style: string | Record<string, unknown>): this {
    for (const [name, value] of Object.entries(typeof style === 'string' ? declarations(style) : style)) {
      this.#dom.style.setProperty(dashed(name), withUnits(String(value)));
    }
    return this;
  }

  addClass(name: string): this {
    this.#element.toggleNodeClass(name, true);
    return this;
  }

  removeClass(name: string): this {
    this.#element.toggleNodeClass(name, false);
    return this;
  }

  hasClass(name: string): boolean {
    return this.#element.classList?.contains(name) ?? false;
  }

  getDataset(): Record<string, unknown> {
    return this.#element.dataset;
  }

  getState(): Record<string, unknown> {
    return this.#state;
  }

  callMethod(name: string, args?: unknown): void {
    const host = this.#element as Host;
    const method = glassEasel.Component.getMethod(host, name);
    if (method) glassEasel.safeCallback('WXS', method, host.getMethodCaller(), [args], host);
  }

  triggerEvent(name: string, detail?: unknown, options?: glassEasel.EventOptions): void {
    this.#element.triggerEvent(name, detail, options);
  }

  getComputedStyle(names: string[]): Record<string, string> {
    const style = getComputedStyle(this.#dom);
    return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(dashed(name))]));
  }

  getBoundingClientRect(): DOMRect {
    return this.#dom.getBoundingClientRect();
  }

  setTimeout(callback: () => void, delay?: number): number {
    return window.setTimeout(callback, delay);
  }

  clearTimeout(timer: number): void {
    window.clearTimeout(timer);
  }

  requestAnimationFrame(callback: () => void): void {
    requestAnimationFrame(callback);
  }
}

function declarations(style: string): Record<string, string> {
  const pairs = style.split(';').map((one) => one.split(/:(.*)/s));
  return Object.fromEntries(pairs.filter((pair) => pair.length > 1).map(([name = '', value = '']) => [name.trim(), value.trim()]));
}

function dashed(name: string): string {
  return name.startsWith('--') ? name : name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

const descriptors = new WeakMap<glassEasel.Element, Descriptor>();

function descriptorOf(element: glassEasel.Element): Descriptor {
  let descriptor = descriptors.get(element);
  if (!descriptor) descriptors.set(element, (descriptor = new Descriptor(element)));
  return descriptor;
}

const fromWxs = new WeakSet<object>();

/** Remember all functions in `exports` as WXS, so that they are called as such whichever way a template got them. */
export function isWxs(exports: Record<string, unknown>): void {
  for (const one of Object.values(exports)) if (typeof one === 'function') fromWxs.add(one);
}

/** Call the listener of an event. A WXS function gets the event with its element, and the component around; others are methods. */
export function callFromEvent(caller: object, event: glassEasel.ShadowedEvent<unknown>, listener: Listener): unknown {
  if (!fromWxs.has(listener)) return listener.call(caller, event);
  const seen = Object.create(event, { instance: { value: descriptorOf(componentAt(event.currentTarget)) } }) as object;
  return listener(seen, descriptorOf(componentAt(caller)));
}

/** `listener` for a changed attribute, delayed until the elements around it exist, as in WeChat. */
export function callFromChange(listener: Listener): Listener {
  return (value, old, host, element) =>
    queueMicrotask(() => {
      const owner = host as Host;
      glassEasel.safeCallback('WXS', listener, null, [value, old, descriptorOf(owner), descriptorOf(element as Host)], owner);
    });
}
