/** The mini program's unit tests: `node tests/miniprogram/run.mjs [part of a path ...]`. The exit code is 1 if one fails. */

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const folder = import.meta.dirname

/** The absolute paths of every test file with one of `parts` in its path; of all files without parts. */
function chosen(parts) {
  const all = fs.readdirSync(folder, { recursive: true }).filter((name) => name.endsWith('.test.mjs'))
  return all.filter((name) => !parts.length || parts.some((part) => name.includes(part))).map((name) => path.join(folder, name))
}

const files = chosen(process.argv.slice(2)).sort()
if (!files.length) {
  console.error('no test file has that in its path')
  process.exit(1)
}
// By default node leaves one core idle.
const flags = ['--test', `--test-concurrency=${os.availableParallelism()}`]
const { status } = spawnSync(process.execPath, [...flags, ...files], { stdio: 'inherit' })
process.exit(status ?? 1)
