/** The planted defects of the mini program: what a careless change could break, and which tests must notice. */

import fs from 'node:fs'
import path from 'node:path'

/** Where their lists stand, from the project's root. */
export const LISTS = 'tests/miniprogram/mutants/'

/** The defects of one list's text. */
export const decoded = (text) => JSON.parse(text)

/**
 * All of them: `{ file, find, replace, tests, why }`, paths from the project's root. `find` stands once in `file`; with
 * `replace` in its place, each of `tests` must fail. `why` says what would be wrong then.
 */
export function listed() {
  const files = fs.readdirSync(import.meta.dirname).filter((name) => name.endsWith('.json')).sort()
  return files.flatMap((name) => decoded(fs.readFileSync(path.join(import.meta.dirname, name), 'utf8')))
}
