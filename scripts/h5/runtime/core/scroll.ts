/** Scrolling the page on top, from code. */

import { dom } from './builtin';
import { topFrame } from './pages';

interface Target {
  scrollTop?: number;
  selector?: string;
  /** Zero jumps; anything else takes the browser's own time. */
  duration?: number;
}

/** Scroll to a place in px, or to the first element that `selector` finds. Throws when it finds none. */
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

/** Hold the page on top still, as under a sheet; gives what lets it go. */
export function lockScroll(): () => void {
  const scroll = topFrame()?.scroll;
  const before = scroll?.style.overflow ?? '';
  if (scroll) scroll.style.overflow = 'hidden';
  return () => {
    if (scroll) scroll.style.overflow = before;
  };
}
