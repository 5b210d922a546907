/** TDesign's icons. Its icon font comes from another host, so the icons that are used become SVG masks instead. */

import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

import { readText } from './files.mjs';

const folder = path.join(path.dirname(createRequire(import.meta.url).resolve('tdesign-icons-svg/package.json')), 'src');

const MASKS = `
.t-icon-base::before { content: ''; display: block; width: 1em; height: 1em; background: currentColor; -webkit-mask: var(--t-icon-mask, linear-gradient(#0000, #0000)) center / contain no-repeat; mask: var(--t-icon-mask, linear-gradient(#0000, #0000)) center / contain no-repeat }
`;

/** The code path of the component whose style loads the font. */
export const ICON_UNIT = 'miniprogram_npm/tdesign-miniprogram/icon/icon';

/** The names of all icons of TDesign. */
export function iconNames() {
  return new Set(readdirSync(folder).map((name) => path.basename(name, '.svg')));
}

/**
 * The icons that `text` names: string literals in WXML tags, or in lines of code, that contain the word icon.
 * @param {string} text @param {'wxml' | 'code'} kind @param {Set<string>} known
 */
export function iconsIn(text, kind, known) {
  const places = kind === 'wxml' ? (text.match(/<[^>]*icon[^>]*>/gi) ?? []) : text.split(/[\n;]/).filter((line) => /icon/i.test(line));
  const words = places.flatMap((place) => place.match(/(?<=['"`])[a-z0-9-]+(?=['"`])/gi) ?? []);
  return words.filter((word) => known.has(word));
}

/** The icon component's own WXSS `text`, with masks for the icons `names` in place of the font. @param {string} text @param {Iterable<string>} names */
export function maskedIcons(text, names) {
  const plain = text.replace(/@font-face\s*\{[^}]*\}/g, '').replace(/\.t-icon-[\w-]+:{1,2}before\s*\{[^}]*\}/g, '');
  const masks = [...names].sort().map((name) => `.t-icon-${name} { --t-icon-mask: ${mask(name)} }`);
  return [plain, MASKS, ...masks].join('\n');
}

/** @param {string} name */
function mask(name) {
  const svg = readText(path.join(folder, `${name}.svg`))
    .replace('view-box', 'viewBox')
    .replace(/ (?:width|height)="1em"| class="[^"]*"| id="[^"]*"/g, '')
    .replace(/<\/?g>/g, '')
    .replaceAll('currentColor', '#000')
    .trim();
  return `url("data:image/svg+xml,${svg.replaceAll('"', "'").replaceAll('#', '%23').replaceAll('<', '%3C').replaceAll('>', '%3E')}")`;
}
