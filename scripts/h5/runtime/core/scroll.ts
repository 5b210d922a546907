/** Scrolling of the page on top by code. */

import { dom } from './builtin';
import { topFrame } from './pages';

interface Target {
  scrollTop?: number;
  selector?: string;
  /** 0 jumps. Any other value scrolls smoothly, as fast as the browser does. */
  duration?: number;
}

/** Scroll to `scrollTop` in px, or to the first element that `selector` finds. Throws where it finds none. */
export async function scrollPage({ scrollTop, selector, duration = 300 }: Target): Promise<void> {
  const frame = topFrame();
  if (!frame) return;
  let top = scrollTop ?? 0;
  if (selector) {
    const found = frame.root.getComponent().getShadowRoot()?.querySelector(selector);
    if (!found) throw new Error(`selector "${selector}" is not found`);
    top += dom(found).getBoundingClientRect().top - frame.scroll.getBoundingClientRect().top + frame.scroll.scrollTop;
  }
  frame.scroll.scrollTo({ top, behavior: duration > 0 ? 'smooth' : 'instant' });
}

/** Stop the page on top from scrolling, as under a sheet. Returns the function that allows it again. */
export function lockScroll(): () => void {
  const scroll = topFrame()?.scroll;
  const before = scroll?.style.overflow ?? '';
  if (scroll) scroll.style.overflow = 'hidden';
  return () => {
    if (scroll) scroll.style.overflow = before;
  };
}
