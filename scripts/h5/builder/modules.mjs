/** Teaches esbuild what only a mini program has: pages and components with their parts, templates, npm folders. */

import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { readText } from './files.mjs';
import { isolationOf, staticConfig } from './project.mjs';
import { wxmlModule, wxsModule } from './wxml.mjs';

/** The first module of the runtime, which starts the shop. */
export const MAIN = fileURLToPath(import.meta.resolve('tuisan-h5-runtime/main.ts'));

/**
 * @param {{ files: import('./files.mjs').Files, units: Map<string, import('./project.mjs').Unit>, styles: Map<string, string>, manifest: string, app: string }} shop
 * `styles`: the CSS of each unit by its path. `manifest` and `app`: the source text of these two modules.
 * @returns {import('esbuild').Plugin}
 */
export function miniProgramModules({ files, units, styles, manifest, app }) {
  const byScript = new Map([...units.values()].map((unit) => [unit.script, unit]));
  const config = path.join(files.root, 'config.ts');
  return {
    name: 'mini-program',
    setup(build) {
      build.onResolve({ filter: /^h5:(space|templates|style)$/ }, (args) => ({ path: path.join(path.dirname(MAIN), 'core', `${args.path.slice(3)}.ts`) }));
      build.onResolve({ filter: /^(h5:(manifest|app)|wx(ml|s):.*)$/ }, (args) => ({ path: args.path, namespace: 'made' }));
      build.onResolve({ filter: /^unit:/ }, (args) => ({ path: /** @type {import('./project.mjs').Unit} */ (units.get(args.path.slice(5))).script }));
      build.onResolve({ filter: /^[^./]/ }, (args) => resolvePackage(build, files, args));
      build.onLoad({ filter: /.*/, namespace: 'made' }, ({ path: name }) => {
        const [kind = '', rest = ''] = name.split(/:(.*)/s);
        const contents = kind === 'wxml' ? wxmlModule(files, rest) : kind === 'wxs' ? wxsModule(files, rest) : rest === 'app' ? app : manifest;
        return { contents, loader: 'js', resolveDir: files.root };
      });
      build.onLoad({ filter: /\.[jt]s$/ }, (args) => {
        const loader = args.path.endsWith('.ts') ? 'ts' : 'js';
        const unit = byScript.get(args.path);
        if (unit) return { contents: prelude(unit, styles.get(unit.path) ?? '') + readText(args.path), loader };
        if (args.path === config) return { contents: onThisOrigin(readText(config)), loader };
        return undefined;
      });
    },
  };
}

/** The code before a unit's own script, which registers the unit's parts. It adds no line, so line numbers stay right. @param {import('./project.mjs').Unit} unit @param {string} style */
function prelude(unit, style) {
  const parts = {
    config: staticConfig(unit),
    ...(isolationOf(unit) !== 'shared' && { scope: scopeOf(unit) }),
    style,
  };
  const used = unit.using.filter((one) => one !== unit.path).map((one) => `import"unit:${one}";`);
  const name = JSON.stringify(unit.path);
  return `import{enter as __enter}from"h5:space";import __template from"wxml:${unit.path}";${used.join('')}__enter(${name},{...${JSON.stringify(parts)},template:__template});`;
}

const scopes = new Map();

/** The prefix of `unit`'s classes. @param {import('./project.mjs').Unit} unit @returns {string} */
export function scopeOf(unit) {
  let scope = scopes.get(unit.path);
  if (!scope) scopes.set(unit.path, (scope = `c${scopes.size.toString(36)}`));
  return scope;
}

/** config.ts with an empty `baseUrl`: the H5 shop calls the server that it came from. @param {string} source */
function onThisOrigin(source) {
  return source.replace(/(\bbaseUrl\s*(?::\s*string\s*)?=\s*)(['"`]).*?\2/, `$1''`);
}

/** @param {import('esbuild').PluginBuild} build @param {import('./files.mjs').Files} files @param {import('esbuild').OnResolveArgs} args */
async function resolvePackage(build, files, args) {
  if (args.pluginData === 'resolved' || !files.has(args.importer)) return undefined;
  const from = files.codePath(args.importer);
  const wanted = `./${path.relative(files.root, files.onDisk(files.resolve(args.path, from)))}`;
  return build.resolve(wanted, { kind: args.kind, resolveDir: files.root, importer: args.importer, pluginData: 'resolved' });
}
