/** Modules of the mini program as they would run, without a build: esbuild takes the types off. */

import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

export const project = path.resolve(import.meta.dirname, '../../..')
const { build, transform } = createRequire(path.join(project, 'scripts/h5/package.json'))('esbuild')

/** The mini program under test; `mutants.mjs` names a copy with a planted defect. */
export const shop = process.env.MINIPROGRAM ?? path.join(project, 'miniprogram')

/** Bundles as files, so that an error names a line of the TypeScript. */
const bundles = fs.mkdtempSync(path.join(os.tmpdir(), 'miniprogram-tests-'))
process.once('exit', () => fs.rmSync(bundles, { recursive: true }))
process.setSourceMapsEnabled(true)
let loaded = 0

/**
 * One module by its path below `miniprogram/`, or several by names of your choice: those share what they remember, such
 * as the server's clock. Each call gives modules that remember nothing yet, as after a restart. `more` are modules from
 * elsewhere, by absolute path. Throws where a module cannot be built.
 */
export async function load(wanted, more = {}) {
  const modules = typeof wanted === 'string' ? { only: wanted } : wanted
  const paths = { ...Object.fromEntries(Object.entries(modules).map(([name, at]) => [name, path.join(shop, at)])), ...more }
  const contents = Object.entries(paths)
    .map(([name, at]) => `export * as ${name} from ${JSON.stringify(at)}`)
    .join('\n')
  const outfile = path.join(bundles, `${(loaded += 1)}.mjs`) // a name of its own, or node would give the modules of before
  await build({
    stdin: { contents, resolveDir: shop, loader: 'ts' },
    outfile,
    bundle: true,
    sourcemap: 'inline',
    format: 'esm',
    target: 'es2022',
    logLevel: 'silent',
  })
  const made = await import(pathToFileURL(outfile).href)
  return typeof wanted === 'string' ? made.only : made
}

/** A part of `scripts/h5/runtime`, by its absolute path. */
export const ofRuntime = (name) => path.join(project, 'scripts/h5/runtime', name)

/** Whether this TypeScript can be compiled at all; types are not looked at. */
export async function compiles(text) {
  return transform(text, { loader: 'ts', logLevel: 'silent' }).then(
    () => true,
    () => false,
  )
}
