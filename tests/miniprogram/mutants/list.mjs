/** The planted defects of the mini program: mistakes that a change could make, and the tests that must notice them. */

import fs from 'node:fs'
import path from 'node:path'

/** The folder of the lists, from the project's root. */
export const LISTS = 'tests/miniprogram/mutants/'

/** The defects in the text of one list. */
export const decoded = (text) => JSON.parse(text)

/**
 * All of them: `{ file, find, replace, tests, why }`, with paths from the project's root. `find` is in `file` exactly
 * once; if `replace` takes its place, each of `tests` must fail. `why` says what would be wrong then.
 */
export function listed() {
  const files = fs.readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json')).sort()
  return files.flatMap((name) => decoded(fs.readFileSync(path.join(import.meta.dirname, name), 'utf8')))
}
