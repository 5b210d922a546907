/** Loads modules of the mini program without a build: esbuild only removes the types. */

import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

export const project = path.resolve(import.meta.dirname, '../../..')
const { build, transform } = createRequire(path.join(project, 'scripts/h5/package.json'))('esbuild')

/** The mini program under test; `mutants.mjs` sets a copy with a planted defect. */
export const shop = process.env.MINIPROGRAM ?? path.join(project, 'miniprogram')

/** The bundles are files, so that an error names a line of the TypeScript. */
const bundles = fs.mkdtempSync(path.join(os.tmpdir(), 'miniprogram-tests-'))
process.once('exit', () => fs.rmSync(bundles, { recursive: true }))
process.setSourceMapsEnabled(true)
let loaded = 0

/**
 * One module by its path below `miniprogram/`, or several by names of your choice: these share what they remember, for
 * example the server's clock. Each call gives modules that remember nothing yet, as after a restart. `more` are modules
 * from elsewhere, by absolute path. Throws if a module cannot be built.
 */
export async function load(wanted, more = {}) {
  const modules = typeof wanted === 'string' ? { only: wanted } : wanted
  const paths = { ...Object.fromEntries(Object.entries(modules).map(([name, at]) => [name, path.join(shop, at)])), ...more }
  const contents = Object.entries(paths)
    .map(([name, at]) => `export * as ${name} from ${JSON.stringify(at)}`)
    .join('\n')
  const outfile = path.join(bundles, `${(loaded += 1)}.mjs`) // a new name, else node would return the earlier modules
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

/** The absolute path of a part of `scripts/h5/runtime`. */
export const ofRuntime = (name) => path.join(project, 'scripts/h5/runtime', name)

/** Whether this TypeScript can be compiled; types are not checked. */
export async function compiles(text) {
  return transform(text, { loader: 'ts', logLevel: 'silent' }).then(
    () => true,
    () => false,
  )
}
