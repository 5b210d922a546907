/** The mini program as its JSON files describe it: its pages, and the components that each of them uses. */

import { existsSync } from 'node:fs';

import { BuildError, readJson } from './files.mjs';

/**
 * A page or component.
 * @typedef {{ path: string, script: string, page: boolean, own: boolean, config: Record<string, any>, using: string[] }} Unit
 * `own`: it belongs to the mini program itself, not to a package. `using`: the code paths of its components.
 */

const WINDOW = [
  'navigationBarTitleText', 'navigationBarBackgroundColor', 'navigationBarTextStyle', 'navigationStyle', 'backgroundColor',
  'enablePullDownRefresh', 'onReachBottomDistance', 'disableScroll',
];

/** All pages that app.json lists, and all components that they use. @param {import('./files.mjs').Files} files */
export function readProject(files) {
  const app = readJson(`${files.root}/app.json`);
  const packages = app.subPackages ?? app.subpackages ?? [];
  const routes = [...app.pages, ...packages.flatMap(({ root, pages }) => pages.map((page) => `${root}/${page}`.replaceAll('//', '/')))];
  /** @type {Map<string, Unit>} */
  const units = new Map();
  for (const route of routes) addUnit(files, units, route, true, app.usingComponents ?? {});
  return { app, routes, units };
}

/**
 * @param {import('./files.mjs').Files} files @param {Map<string, Unit>} units @param {string} path
 * @param {boolean} page @param {Record<string, string>} everywhere
 */
function addUnit(files, units, path, page, everywhere) {
  if (units.has(path)) return;
  const base = files.onDisk(path);
  const script = ['.ts', '.js'].map((suffix) => base + suffix).find(existsSync);
  if (!script || !existsSync(`${base}.wxml`)) throw new BuildError(`${path} is used, but has no script or no WXML`);
  const config = existsSync(`${base}.json`) ? readJson(`${base}.json`) : {};
  const own = !path.startsWith('miniprogram_npm/');
  const absolute = (/** @type {string} */ reference, from = path) => files.resolve(reference, from);
  const using = {
    ...(own && mapped(everywhere, (reference) => absolute(reference, 'app'))),
    ...mapped(config.usingComponents ?? {}, (reference) => absolute(reference)),
  };
  const generics = mapped(config.componentGenerics ?? {}, (one) =>
    one?.default ? { default: absolute(one.default) } : one,
  );
  const defaults = Object.values(generics).flatMap((one) => (one?.default ? [one.default] : []));
  const unit = { path, script, page, own, config: { ...config, usingComponents: using, componentGenerics: generics }, using: [...new Set([...Object.values(using), ...defaults])] };
  units.set(path, unit);
  for (const used of unit.using) addUnit(files, units, used, false, everywhere);
}

/** @template T, U @param {Record<string, T>} record @param {(value: T) => U} change @returns {Record<string, U>} */
function mapped(record, change) {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

/** The window settings of `unit`: app.json's, overridden by its own JSON. @param {Unit} unit @param {Record<string, any>} app */
export function windowOf(unit, app) {
  const whole = { ...app.window, ...unit.config };
  return Object.fromEntries(WINDOW.filter((name) => name in whole).map((name) => [name, whole[name]]));
}

/**
 * How the classes of `unit` are kept apart from others. `isolated`: they get a prefix. `open`: they get a prefix, and
 * the page's classes apply too. `shared`: they are the page's own classes. @param {Unit} unit
 */
export function isolationOf(unit) {
  if (unit.page) return 'shared';
  const { styleIsolation, addGlobalClass } = unit.config;
  if (styleIsolation === 'shared') return 'shared';
  return styleIsolation === 'apply-shared' || addGlobalClass ? 'open' : 'isolated';
}

const ADAPTER_ISOLATION = { isolated: 'isolated', open: 'apply-shared', shared: 'shared' };

/** The settings of `unit` that the engine needs. @param {Unit} unit */
export function staticConfig(unit) {
  const { usingComponents, componentGenerics, componentPlaceholder, pureDataPattern } = unit.config;
  const rooted = (/** @type {string} */ path) => `/${path}`;
  return {
    ...(!unit.page && { component: true }),
    styleIsolation: ADAPTER_ISOLATION[isolationOf(unit)],
    usingComponents: mapped(usingComponents, rooted),
    componentGenerics: mapped(componentGenerics, (one) => (one?.default ? { default: rooted(one.default) } : one)),
    ...(componentPlaceholder && { componentPlaceholder }),
    ...(pureDataPattern && { pureDataPattern }),
  };
}
