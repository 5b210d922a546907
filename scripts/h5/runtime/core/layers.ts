/** The shop's column, which holds the pages, and the layers above them. */

import { addStyle } from './style';

addStyle(`
:root { --rpx: calc(min(100vw, 480px) / 750); --vw: calc(min(100vw, 480px) / 100); --h5-height: 100vh; --h5-nav: 44px; --h5-tabs: 50px }
@supports (height: 100dvh) { :root { --h5-height: 100dvh } }
html, body { margin: 0; height: 100%; overflow: hidden; background: #efe6da }
body { -webkit-tap-highlight-color: transparent; -webkit-text-size-adjust: 100%; user-select: none; -webkit-user-select: none }
.h5-shop { position: relative; width: min(100vw, 480px); height: var(--h5-height); margin: 0 auto; overflow: hidden; background: #fff; transform: translate(0) }
.h5-shop :focus-visible { outline: 2px solid #C8371F; outline-offset: 2px }
.h5-layers { position: absolute; inset: 0; pointer-events: none; z-index: 100 }
.h5-layers > * { pointer-events: auto }
[class*="wx-"][hidden], .h5-shop [hidden] { display: none !important }
`);

const shop = document.createElement('div');
shop.className = 'h5-shop';
const layers = document.createElement('div');
layers.className = 'h5-layers';
shop.append(layers);

/** Put the column into the document. */
export function mountShop(): void {
  document.body.append(shop);
}

/** The column itself. What is put into it lies below the layers. */
export function column(): HTMLElement {
  return shop;
}

/** Where toasts and sheets are put: above everything else in the column. */
export function layer(): HTMLElement {
  return layers;
}
