/** The names that compiled WXML and WXS use. The template compiler has chosen them. */

import * as glassEasel from 'glass-easel';

import { callFromChange, callFromEvent, isWxs } from './wxs';

type Template = glassEasel.template.ComponentTemplate['content'];
type Exports = Record<string, unknown>;
type Load = (require: (path: string) => Exports, exports: Exports, module: { exports: Exports }) => void;

/** Templates by path without suffix. */
export const G: Record<string, Template> = {};

/** WXS modules by path without suffix. */
export const R: Record<string, () => Exports> = {};

/** `value` in a form whose fields can be read, whatever it is. */
export function X(value: unknown): unknown {
  return value ?? Object.create(null);
}

/** A value as text. */
export function Y(value: unknown): string {
  return value === null || value === undefined ? '' : String(value);
}

/** What is known to have changed in `field`; undefined where nothing has. */
export function Z(changed: unknown, field: string): unknown {
  if (changed === true) return true;
  return changed ? (changed as Record<string, unknown>)[field] : undefined;
}

/** A function of a WXS module. A missing one becomes a function that returns undefined, as in WeChat. */
export function P(callee: unknown): unknown {
  return typeof callee === 'function' ? callee : () => undefined;
}

/** Helpers of the generated code. `A`, `B` and `C` say how WXS functions and methods are called. */
export const Q = {
  a: (values: unknown[]): unknown => values.find(Boolean),
  b: (values: Record<string, unknown>): unknown => (Object.values(values).find(Boolean) ? Object.values(values) : undefined),
  A: callFromChange,
  B: (listener: unknown): unknown => listener,
  C: callFromEvent,
};

const modules = new Map<string, { exports: Exports; load: Load | null }>();

function exportsOf(path: string): Exports {
  const module = modules.get(path);
  if (!module) throw new Error(`no such WXS module: ${path}`);
  const { load } = module;
  if (load) {
    module.load = null;
    load((relative) => exportsOf(joined(path, relative)), module.exports, module);
    isWxs(module.exports);
  }
  return module.exports;
}

function joined(from: string, relative: string): string {
  const parts = relative.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const part of relative.replace(/\.wxs$/, '').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/');
}

/** Define the WXS module `path`. Returns a function that gives its exports and runs it at first use. */
export function D(path: string, load: Load): () => Exports {
  modules.set(path, { exports: {}, load });
  return () => exportsOf(path);
}

/** WXS's way to make a date. */
export function getDate(...parts: []): Date {
  return new Date(...parts);
}

/** WXS's way to make a regular expression. */
export function getRegExp(pattern: string, flags?: string): RegExp {
  return new RegExp(pattern, flags);
}
