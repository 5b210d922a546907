import { assetUrl } from '../core/assets';
import { builtin, dom, fire, type Host } from '../core/builtin';
import { addStyle } from '../core/style';

addStyle(`
wx-image, wx-cover-image { display: inline-block; position: relative; width: 320px; height: 240px; overflow: hidden }
wx-image > img, wx-cover-image > img { display: block; width: 100%; height: 100%; border-radius: inherit; -webkit-user-drag: none }
wx-image > img[data-broken] { visibility: hidden }
wx-image[data-mode="widthFix"] { height: auto !important }
wx-image[data-mode="widthFix"] > img { height: auto }
wx-image[data-mode="heightFix"] { width: auto !important }
wx-image[data-mode="heightFix"] > img { width: auto }
`);

const FITS: Record<string, string> = { scaleToFill: 'fill', aspectFit: 'contain', aspectFill: 'cover' };

const pictures = new WeakMap<object, HTMLImageElement>();

function picture(host: { $$: unknown }): HTMLImageElement {
  return pictures.get(dom(host)) as HTMLImageElement;
}

/** Put an `<img>` into a new tag. Screen readers skip it until it has a label. */
function addPicture(host: Host): void {
  const img = document.createElement('img');
  img.alt = '';
  img.decoding = 'async';
  img.draggable = false;
  img.addEventListener('load', () => {
    img.removeAttribute('data-broken');
    fire(host, 'load', { width: img.naturalWidth, height: img.naturalHeight });
  });
  img.addEventListener('error', () => {
    img.setAttribute('data-broken', '');
    fire(host, 'error', { errMsg: `load ${img.src} failed` });
  });
  pictures.set(dom(host), img);
  dom(host).append(img);
}

function load(host: { $$: unknown }, src: string): void {
  if (src) picture(host).src = assetUrl(src);
  else picture(host).removeAttribute('src');
}

/** Use the label as the picture's `alt`. A tag with a role of its own keeps the label as its name instead. */
function label(host: { $$: unknown }, text: unknown): void {
  const element = dom(host);
  picture(host).alt = element.hasAttribute('role') ? '' : String(text ?? '');
  if (!element.hasAttribute('role')) element.removeAttribute('aria-label');
}

builtin('image', {
  properties: {
    src: String,
    mode: { type: String, value: 'scaleToFill' },
    lazyLoad: Boolean,
    webp: Boolean,
    fadeIn: Boolean,
    showMenuByLongpress: Boolean,
  },
  observers: {
    lazyLoad(lazy: boolean) {
      picture(this).loading = lazy ? 'lazy' : 'eager';
    },
    mode(mode: string) {
      const { style } = picture(this);
      dom(this).dataset.mode = mode;
      style.objectFit = mode.endsWith('Fix') ? '' : (FITS[mode] ?? 'none');
      style.objectPosition = FITS[mode] || mode.endsWith('Fix') ? '' : mode;
    },
    'src, lazyLoad': function show(src: string) {
      load(this, src);
    },
    'ariaLabel, ariaRole, role': function name(text: unknown) {
      label(this, text);
    },
  },
  lifetimes: {
    created() {
      addPicture(this as unknown as Host);
    },
  },
});

builtin('cover-image', {
  properties: { src: String },
  observers: {
    src(src: string) {
      load(this, src);
    },
  },
  lifetimes: {
    created() {
      addPicture(this as unknown as Host);
    },
  },
});
