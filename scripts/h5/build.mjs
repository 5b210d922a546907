/**
 * `node build.mjs [--source DIR] [--out DIR] [--plain] [--clashes]`: build the H5 shop. `--plain` leaves the code
 * readable; `--clashes` lists where style of a page reaches into a component.
 */

import path from 'node:path'
import { parseArgs } from 'node:util'

import { BuildError } from './builder/files.mjs'
import { buildShop } from './builder/shop.mjs'

const root = path.resolve(import.meta.dirname, '../..')
const { values } = parseArgs({
  options: { source: { type: 'string' }, out: { type: 'string' }, plain: { type: 'boolean' }, clashes: { type: 'boolean' } },
})
const began = performance.now()

try {
  const { pages, units, firstViewBytes, clashes } = await buildShop({
    source: path.resolve(values.source ?? path.join(root, 'miniprogram')),
    out: path.resolve(values.out ?? path.join(root, 'build/h5')),
    minify: !values.plain,
  })
  if (values.clashes) for (const line of clashes) console.log(`h5: ${line}`)
  const seconds = ((performance.now() - began) / 1000).toFixed(1)
  console.log(`h5: ${pages} pages, ${units} components and pages in ${seconds} s; home loads ${(firstViewBytes / 1024).toFixed(0)} kB of script (gzip)`)
} catch (error) {
  if (!(error instanceof BuildError)) throw error
  console.error(`h5: ${error.message}`)
  process.exitCode = 1
}
