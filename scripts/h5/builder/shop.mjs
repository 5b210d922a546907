/** The whole build, from a mini program's folder to the folder of the H5 shop. */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gzipSync } from 'node:zlib';

import * as esbuild from 'esbuild';

import { clashes } from './clashes.mjs';
import { BuildError, Files, readText } from './files.mjs';
import { ICON_UNIT, iconNames, iconsIn, maskedIcons } from './icons.mjs';
import { MAIN, miniProgramModules, scopeOf } from './modules.mjs';
import { indexHtml } from './page.mjs';
import { isolationOf, readProject, windowOf } from './project.mjs';
import { css, keyframes, wxssText } from './wxss.mjs';

const PICTURE = /\.(png|jpe?g|gif|svg|webp)$/;
/** Hosts that only occur in names of formats. They are never called. */
const NAMES_ONLY = new Set(['www.w3.org']);

/**
 * Build the mini program in the folder `source` into the folder `out`. Throws BuildError where the sources are wrong.
 * @param {{ source: string, out: string, packages?: string, minify?: boolean }} options `packages`: where npm packages are, if not in `source`
 * @returns {Promise<{ pages: number, units: number, clashes: string[], firstViewBytes: number }>} the numbers of pages, and
 * of pages and components together; the clashing styles; the bytes of script, after gzip, that the home page loads
 */
export async function buildShop({ source, out, packages = source, minify = true }) {
  const files = new Files(source, packages);
  const project = readProject(files);
  const styles = await unitStyles(files, project.units);
  const appStyle = await css(wxssText(files, 'app'), 'app', {});
  const pictures = await pictureFiles(files.root);
  const manifest = manifestModule(project, pictures);
  const script = ['app.ts', 'app.js'].find((name) => existsSync(path.join(files.root, name)));
  const app = `import{addStyle}from"h5:style";import"./${script}";addStyle(${JSON.stringify(appStyle)});`;
  const built = await bundle(miniProgramModules({ files, units: project.units, styles, manifest, app }), out, minify);
  const graph = new Graph(built.metafile, out);
  const main = graph.output('runtime/main.ts');
  const home = /** @type {import('./project.mjs').Unit} */ (project.units.get(homeOf(project)));
  const first = new Set(['runtime/main.ts', 'made:h5:app', path.relative(process.cwd(), home.script)].flatMap((name) => [...graph.withImports(graph.output(name))]));
  const html = indexHtml({
    title: project.app.window?.navigationBarTitleText ?? '',
    color: project.app.window?.navigationBarBackgroundColor ?? '#ffffff',
    script: main,
    preload: [...first].filter((file) => file !== main),
  });
  const outputs = built.outputFiles.map(({ path: file, contents }) => [path.relative(out, file), contents]);
  refuseOutside(outputs);
  await write(out, new Map([...outputs, ...pictures.map(({ file, bytes }) => [file, bytes]), ['index.html', Buffer.from(html)]]));
  return { pages: project.routes.length, units: project.units.size, clashes: clashes(files, project.units), firstViewBytes: packedBytes(outputs.filter(([file]) => first.has(file))) };
}

/** The route of the page that the shop opens with. @param {{ app: Record<string, any>, routes: string[] }} project @returns {string} */
function homeOf({ app, routes }) {
  return app.entryPagePath ?? routes[0];
}

/** The CSS of each unit, by its path. @param {Files} files @param {Map<string, import('./project.mjs').Unit>} units */
async function unitStyles(files, units) {
  const icons = usedIcons(files, units);
  /** @type {Map<string, string>} */
  const definedBy = new Map();
  const entries = [...units.values()].map(async (unit) => {
    const text = unit.path === ICON_UNIT ? maskedIcons(wxssText(files, unit.path), icons) : wxssText(files, unit.path);
    const owner = isolationOf(unit) !== 'shared' ? { prefix: scopeOf(unit) } : unit.page ? { route: unit.path } : {};
    for (const name of unit.own ? keyframes(text) : []) {
      const other = definedBy.get(name);
      if (other) throw new BuildError(`@keyframes ${name} is in both ${other}.wxss and ${unit.path}.wxss: all pages share one document`);
      definedBy.set(name, unit.path);
    }
    return /** @type {const} */ ([unit.path, await css(text, unit.path, owner)]);
  });
  return new Map(await Promise.all(entries));
}

/** @param {Files} files @param {Map<string, import('./project.mjs').Unit>} units */
function usedIcons(files, units) {
  const known = iconNames();
  const listed = readText(path.join(import.meta.dirname, 'icons.txt')).split('\n').filter((line) => line && !line.startsWith('#'));
  const unknown = listed.filter((name) => !known.has(name));
  if (unknown.length > 0) throw new BuildError(`icons.txt: TDesign has no icon ${unknown.join(', ')}`);
  const found = [...units.values()].flatMap((unit) => [
    ...iconsIn(readText(`${files.onDisk(unit.path)}.wxml`), 'wxml', known),
    ...iconsIn(readText(unit.script), 'code', known),
  ]);
  return new Set([...listed, ...found]);
}

/** The mini program's own pictures: path, name in the build, and bytes. @param {string} root */
async function pictureFiles(root) {
  const names = existsSync(path.join(root, 'assets')) ? await readdir(path.join(root, 'assets'), { recursive: true }) : [];
  return Promise.all(
    names.filter((name) => PICTURE.test(name)).map(async (name) => {
      const bytes = await readFile(path.join(root, 'assets', name));
      const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 10);
      const { name: stem, ext } = path.parse(name);
      return { path: `/assets/${name}`, file: `assets/${stem}-${hash}${ext}`, bytes };
    }),
  );
}

/** @param {ReturnType<typeof readProject>} project @param {Awaited<ReturnType<typeof pictureFiles>>} pictures */
function manifestModule({ app, routes, units }, pictures) {
  const pages = routes.map((route) => {
    const unit = /** @type {import('./project.mjs').Unit} */ (units.get(route));
    return `${JSON.stringify(route)}:{config:${JSON.stringify(windowOf(unit, app))},load:()=>import("unit:${route}")}`;
  });
  const assets = Object.fromEntries(pictures.map(({ path: name, file }) => [name, file]));
  return `export default{home:${JSON.stringify(homeOf({ app, routes }))},pages:{${pages.join(',')}},tabBar:${JSON.stringify(app.tabBar ?? null)},assets:${JSON.stringify(assets)},app:()=>import("h5:app")};`;
}

/** @param {import('esbuild').Plugin} plugin @param {string} out @param {boolean} minify */
async function bundle(plugin, out, minify) {
  try {
    return await esbuild.build({
      entryPoints: [MAIN],
      bundle: true,
      splitting: true,
      format: 'esm',
      target: 'es2020',
      minify,
      charset: 'utf8',
      legalComments: 'none',
      outdir: path.join(out, 'assets'),
      entryNames: '[name]-[hash]',
      chunkNames: '[name]-[hash]',
      define: { process: '{"env":{"NODE_ENV":"production"}}' },
      resolveExtensions: ['.ts', '.js'],
      tsconfigRaw: '{}',
      plugins: [plugin],
      metafile: true,
      write: false,
      logLevel: 'silent',
    });
  } catch (error) {
    const { errors = [] } = /** @type {Partial<import('esbuild').BuildFailure>} */ (error);
    if (errors.length === 0) throw error;
    throw new BuildError((await esbuild.formatMessages(errors, { kind: 'error' })).join('\n'));
  }
}

/** The files that esbuild made, what it made them of, and what they import. */
class Graph {
  /** @param {import('esbuild').Metafile} metafile @param {string} out */
  constructor(metafile, out) {
    const rename = (/** @type {string} */ file) => path.relative(out, path.resolve(file));
    /** @type {Map<string, { from: string, imports: string[] }>} */
    this.files = new Map(
      Object.entries(metafile.outputs).map(([file, { entryPoint = '', imports }]) => [
        rename(file),
        { from: entryPoint, imports: imports.filter(({ kind }) => kind === 'import-statement').map((one) => rename(one.path)) },
      ]),
    );
  }

  /** The output whose entry point ends with `name`. @param {string} name */
  output(name) {
    for (const [file, { from }] of this.files) if (from.endsWith(name)) return file;
    throw new Error(`nothing was made of ${name}`);
  }

  /** `file` and everything that is loaded with it. @param {string} file @param {Set<string>} seen @returns {Set<string>} */
  withImports(file, seen = new Set()) {
    if (!seen.has(file)) {
      seen.add(file);
      for (const one of this.files.get(file)?.imports ?? []) this.withImports(one, seen);
    }
    return seen;
  }
}

/** @param {any[][]} outputs */
function packedBytes(outputs) {
  return outputs.reduce((sum, [, contents]) => sum + gzipSync(contents).length, 0);
}

/** Refuse outputs that name another host: the shop calls no server but its own. @param {any[][]} outputs */
function refuseOutside(outputs) {
  for (const [file, contents] of outputs) {
    for (const [address, host = ''] of new TextDecoder().decode(contents).matchAll(/https?:\/\/([\w.-]+\.[a-z]{2,})/g)) {
      if (!NAMES_ONLY.has(host)) throw new BuildError(`${file} names another host: ${address}`);
    }
  }
}

/** Write the new files first, then delete the old ones: a server may be serving the folder meanwhile. @param {string} out @param {Map<string, Uint8Array>} outputs */
async function write(out, outputs) {
  await mkdir(path.join(out, 'assets'), { recursive: true });
  await Promise.all([...outputs].map(([file, contents]) => writeFile(path.join(out, file), contents)));
  const old = (await readdir(path.join(out, 'assets'))).filter((name) => !outputs.has(`assets/${name}`));
  await Promise.all(old.map((name) => rm(path.join(out, 'assets', name))));
}
