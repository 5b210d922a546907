/** Turns what fingers, mouse and keyboard do into WeChat's touch events. */

import * as glassEasel from 'glass-easel';

import { instanceAt } from './builtin';
import { hover } from './hover';

type Listener = (
  target: glassEasel.Element,
  type: string,
  detail: unknown,
  options: glassEasel.EventOptions,
) => glassEasel.EventBubbleStatus | void;

/** One finger, or the mouse. */
interface Point {
  identifier: number;
  pageX: number;
  pageY: number;
  clientX: number;
  clientY: number;
  force: number;
}

const SLOP_PX = 10;
const LONG_PRESS_MS = 350;
/** For this long after a touch, mouse events are the browser's repetition of it. */
const ECHO_MS = 800;

let listener: Listener = () => undefined;

/** Elements that listen to long presses. A long press on them is not also a tap. */
const pressable = new WeakSet<Element>();

/** Remember that `element` listens to long presses. */
export function hearsLongPress(element: Element): void {
  pressable.add(element);
}

function isPressable(element: Element): boolean {
  for (let at: Element | null = element; at; at = at.parentElement) if (pressable.has(at)) return true;
  return false;
}

/** Send all touch events to `to` from now on. */
export function gesturesTo(to: Listener): void {
  listener = to;
}

/** The touch that is going on; null when there is none. */
let press: { x: number; y: number; moved: boolean; long: boolean; timer: number; target: Element } | null = null;
let tapTaken = false;
let touchedAt = -ECHO_MS;

function pointOf(touch: { identifier?: number; pageX: number; pageY: number; clientX: number; clientY: number }): Point {
  const { identifier = 0, pageX, pageY, clientX, clientY } = touch;
  return { identifier, pageX, pageY, clientX, clientY, force: 1 };
}

function send(target: EventTarget | null, type: string, detail: unknown, extraFields: Record<string, unknown>): boolean {
  const instance = instanceAt(target as Element | null);
  if (!instance) return false;
  const status = listener(instance, type, detail, { bubbles: true, composed: true, capturePhase: true, extraFields });
  return Boolean(status);
}

function begin(target: Element, x: number, y: number, points: Record<string, unknown>): void {
  tapTaken = false;
  window.clearTimeout(press?.timer);
  const timer = window.setTimeout(() => {
    if (!press || press.moved) return;
    press.long = true;
    tapTaken = isPressable(target);
    send(target, 'longpress', { x, y }, points);
    send(target, 'longtap', { x, y }, points);
  }, LONG_PRESS_MS);
  press = { x, y, moved: false, long: false, timer, target };
  hover.begin(target);
}

function move(x: number, y: number): void {
  if (press && !press.moved && Math.hypot(x - press.x, y - press.y) > SLOP_PX) {
    press.moved = true;
    tapTaken = true;
    window.clearTimeout(press.timer);
    hover.cancel();
  }
}

function end(): void {
  window.clearTimeout(press?.timer);
  press = null;
  hover.end();
}

/** Whether something between `target` and the page scrolls by itself. It goes on scrolling even where a page catches moves. */
function scrollsInside(target: EventTarget | null): boolean {
  for (let at = target as HTMLElement | null; at && !at.classList.contains('h5-scroll'); at = at.parentElement) {
    if (at.scrollHeight > at.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(at).overflowY)) return true;
    if (at.scrollWidth > at.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(at).overflowX)) return true;
  }
  return false;
}

function onTouch(event: TouchEvent): void {
  touchedAt = event.timeStamp;
  const changed = event.changedTouches[0];
  const points = {
    touches: Array.from(event.touches, pointOf),
    changedTouches: Array.from(event.changedTouches, pointOf),
  };
  const detail = changed ? { x: changed.pageX, y: changed.pageY } : {};
  if (event.type === 'touchstart' && changed) begin(event.target as Element, changed.clientX, changed.clientY, points);
  if (event.type === 'touchmove' && changed) move(changed.clientX, changed.clientY);
  const caught = send(event.target, event.type, detail, points);
  if (caught && event.type === 'touchmove' && event.cancelable && !scrollsInside(event.target)) event.preventDefault();
  if (event.type === 'touchend' || event.type === 'touchcancel') end();
}

let dragging: EventTarget | null = null;

/** Treat the mouse as one finger while its button is down. */
function onMouse(event: MouseEvent): void {
  if (event.timeStamp - touchedAt < ECHO_MS || event.button !== 0) return;
  const point = pointOf(event);
  const detail = { x: event.pageX, y: event.pageY };
  if (event.type === 'mousedown') {
    dragging = event.target;
    begin(event.target as Element, event.clientX, event.clientY, { touches: [point], changedTouches: [point] });
    send(dragging, 'touchstart', detail, { touches: [point], changedTouches: [point] });
  } else if (dragging && event.type === 'mousemove') {
    move(event.clientX, event.clientY);
    send(dragging, 'touchmove', detail, { touches: [point], changedTouches: [point] });
  } else if (dragging) {
    send(dragging, 'touchend', detail, { touches: [], changedTouches: [point] });
    dragging = null;
    end();
  }
}

/** Treat a click as a tap, whether a finger, the mouse, the keyboard or a screen reader made it. */
function onClick(event: MouseEvent): void {
  if (tapTaken && event.detail > 0) {
    tapTaken = false;
    event.stopPropagation();
    return;
  }
  const point = pointOf(event);
  send(event.target, 'tap', { x: event.pageX, y: event.pageY }, { touches: [point], changedTouches: [point] });
}

/** Let Enter and Space tap elements that can be focused. HTML's own buttons and fields do it by themselves. */
function onKey(event: KeyboardEvent): void {
  const element = event.target as HTMLElement;
  if ((event.key !== 'Enter' && event.key !== ' ') || !element.localName.startsWith('wx-') || element.tabIndex < 0) return;
  event.preventDefault();
  element.click();
}

function onMotion(event: Event): void {
  const { propertyName, animationName, elapsedTime } = event as TransitionEvent & AnimationEvent;
  send(event.target, event.type, { propertyName, animationName, elapsedTime }, {});
}

/** Start listening to the document. */
export function watchGestures(): void {
  for (const type of ['touchstart', 'touchmove', 'touchend', 'touchcancel'] as const) {
    document.addEventListener(type, onTouch, { capture: true, passive: type !== 'touchmove' });
  }
  for (const type of ['mousedown', 'mousemove', 'mouseup'] as const) document.addEventListener(type, onMouse, true);
  for (const type of ['transitionend', 'animationstart', 'animationiteration', 'animationend'] as const) {
    document.addEventListener(type, onMotion, true);
  }
  document.addEventListener('click', onClick, true);
  document.addEventListener('keydown', onKey);
}
