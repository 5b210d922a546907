/** Turns WXSS into CSS for the one document that all pages share. */

import { existsSync } from 'node:fs';

import * as esbuild from 'esbuild';
import postcss from 'postcss';
import selectors from 'postcss-selector-parser';

import { BuildError, readText } from './files.mjs';

const UNIT = /(-?\d*\.?\d+)(rpx|vh|vw)\b/g;

/**
 * Whose style it is. `prefix`: a component's, whose classes get this prefix. `route`: a page's. Neither: the whole shop's.
 * @typedef {{ prefix?: string, route?: string }} Owner
 */

/** The WXSS text of the unit at `path`, with its `@import`s in place. @param {import('./files.mjs').Files} files @param {string} path a code path */
export function wxssText(files, path) {
  const file = `${files.onDisk(path)}.wxss`;
  if (!existsSync(file)) return '';
  return readText(file).replace(/@import\s+(?:url\()?['"]([^'"]+)['"]\)?\s*;?/g, (_, /** @type {string} */ reference) => {
    const wanted = files.resolve(/^[./]/.test(reference) ? reference : `./${reference}`, path).replace(/\.wxss$/, '');
    if (!existsSync(`${files.onDisk(wanted)}.wxss`)) throw new BuildError(`${path}.wxss imports ${reference}, which is not there`);
    return wxssText(files, wanted);
  });
}

/** The WXSS `text` of `path` as minified CSS. Throws BuildError. @param {string} text @param {string} path @param {Owner} owner */
export async function css(text, path, owner) {
  if (!text.trim()) return '';
  const root = parse(text, path);
  root.walkRules((rule) => {
    if (rule.parent?.type === 'atrule' && /keyframes$/.test(/** @type {postcss.AtRule} */ (rule.parent).name)) return;
    rule.selector = scoped(rule.selector, owner);
  });
  root.walkDecls((declaration) => {
    declaration.value = declaration.value.replace(UNIT, unit);
    const outside = /url\(\s*['"]?(?:https?:)?\/\/[^)]*\)/.exec(declaration.value);
    if (outside) throw new BuildError(`${path}.wxss loads ${outside[0]} from elsewhere`);
  });
  const { code } = await esbuild.transform(root.toString(), { loader: 'css', minify: true, target: 'chrome90', legalComments: 'none' });
  return code.trim();
}

/** @param {string} text @param {string} path */
function parse(text, path) {
  try {
    return postcss.parse(text, { from: `${path}.wxss` });
  } catch (error) {
    throw new BuildError(String(error));
  }
}

/** @param {string} _ @param {string} amount @param {string} name */
function unit(_, amount, name) {
  return Number(amount) === 0 ? '0px' : `calc(var(--${name}) * ${amount})`;
}

/** @param {string} selector @param {Owner} owner */
function scoped(selector, { prefix, route }) {
  const here = route && `:where([data-page="${route}"])`;
  return selectors((root) => {
    root.walkTags((tag) => {
      if (!/^(from|to)$/.test(tag.value)) tag.value = `wx-${tag.value.toLowerCase()}`;
    });
    if (prefix) root.walkClasses((name) => name.replaceWith(selectors.className({ value: `${prefix}--${name.value}` })));
    root.walkPseudos((pseudo) => {
      if (pseudo.value === ':host') pseudo.replaceWith(raw(`:where([wx-host="${prefix}"])`));
    });
    if (here) root.each((one) => scopeToPage(one, here));
  }).processSync(selector);
}

/** Limit `selector` to one page: `page` means that page, everything else is inside it. @param {selectors.Selector} selector @param {string} here */
function scopeToPage(selector, here) {
  const page = selector.nodes.find((node) => node.type === 'tag' && node.value === 'wx-page');
  if (page) selector.insertAfter(page, raw(here));
  else selector.prepend(raw(`${here} `));
}

/** @param {string} text */
function raw(text) {
  return selectors.string({ value: text });
}

/** The names of all `@keyframes` in the CSS `text`. They apply to the whole document, whoever defines them. @param {string} text */
export function keyframes(text) {
  return [...text.matchAll(/@keyframes\s+([\w-]+)/g)].map(([, name = '']) => name);
}
