/** What the engine uses as its document. */

import * as glassEasel from 'glass-easel';

import { gesturesTo, hearsLongPress } from './gestures';

type Listener = Parameters<glassEasel.CurrentWindowBackendContext['onEvent']>[0];

/**
 * The current window with two differences. Every tag `x` of WXML becomes an element `<wx-x>`, so that `input` or
 * `dialog` are not HTML's own elements. Only gestures become events by themselves: built-in tags fire all others.
 */
export class ShopBackend extends glassEasel.CurrentWindowBackendContext {
  override document = {
    createElement: (tag: string) => document.createElement(`wx-${tag}`),
    createTextNode: (text: string) => document.createTextNode(text),
    createDocumentFragment: () => document.createDocumentFragment(),
  } as unknown as glassEasel.CurrentWindowBackendContext['document'];

  override onEvent(listener: Listener): void {
    gesturesTo(listener);
  }

  override setListenerStats(element: glassEasel.domlikeBackend.Element, type: string): void {
    if (type === 'longpress' || type === 'longtap') hearsLongPress(element as unknown as Element);
  }

  override setModelBindingStat(): void {
    // Built-in tags are components: their properties are bound without the document's help.
  }
}

/** The one backend of the shop. */
export const backend = new ShopBackend();
backend.onEvent((target, type, detail, options) => {
  const event = new glassEasel.Event(type, detail, options);
  glassEasel.Event.dispatchEvent(target, event);
  return event.getEventBubbleStatus();
});
