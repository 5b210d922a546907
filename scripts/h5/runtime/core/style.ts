/** Style that arrives with code, and WeChat's units in style attributes. */

import * as glassEasel from 'glass-easel';

const RPX = /(-?\d*\.?\d+)rpx\b/g;
const VIEWPORT = /(-?\d*\.?\d+)v([hw])\b/g;

/** Add rules to the document, after all that are there. */
export function addStyle(css: string): void {
  const sheet = document.createElement('style');
  sheet.textContent = css;
  document.head.append(sheet);
}

/**
 * `style` with rpx and viewport units as the shop's column measures them: 750rpx are its width, 100vh the height
 * between its bars. The builder writes the same into style sheets.
 */
export function withUnits(style: string): string {
  return style.replace(RPX, 'calc(var(--rpx) * $1)').replace(VIEWPORT, 'calc(var(--v$2) * $1)');
}

/** The engine writes style attributes as they stand and keeps ids to itself: teach it units, and to write ids. */
export function teachElements(): void {
  const prototype = glassEasel.Element.prototype;
  const setNodeStyle = prototype.setNodeStyle;
  prototype.setNodeStyle = function setWithUnits(segment, index) {
    setNodeStyle.call(this, withUnits(segment), index);
  };
  const id = Object.getOwnPropertyDescriptor(prototype, 'id') as PropertyDescriptor & Required<Pick<PropertyDescriptor, 'set'>>;
  Object.defineProperty(prototype, 'id', {
    ...id,
    set(this: glassEasel.Element, value: unknown) {
      id.set.call(this, value);
      const element = this.$$ as HTMLElement | null;
      if (element) element.id = String(value);
    },
  });
}
