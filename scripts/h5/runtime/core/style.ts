/** Style sheets that come with code, and WeChat's units in style attributes. */

import * as glassEasel from 'glass-easel';

const RPX = /(-?\d*\.?\d+)rpx\b/g;
const VIEWPORT = /(-?\d*\.?\d+)v([hw])\b/g;

/** Add rules to the document, after all others. */
export function addStyle(css: string): void {
  const sheet = document.createElement('style');
  sheet.textContent = css;
  document.head.append(sheet);
}

/**
 * `style` with rpx and viewport units measured in the shop's column: 750rpx are its width, 100vh the height between its
 * bars. The builder does the same in style sheets.
 */
export function withUnits(style: string): string {
  return style.replace(RPX, 'calc(var(--rpx) * $1)').replace(VIEWPORT, 'calc(var(--v$2) * $1)');
}

/** Make the engine convert WeChat's units in style attributes and write ids into the document. By itself it does neither. */
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
