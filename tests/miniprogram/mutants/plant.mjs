/** Plants a defect in a copy of the mini program, and checks whether the tests notice it. */

import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { compiles, project } from '../support/load.mjs'

/** A defect may make a test run for ever: after this time it counts as failed. */
const LIMIT_MS = 120_000
const NOT_COPIED = new Set(['node_modules', 'miniprogram_npm', 'assets'])

/** A copy of the mini program in a folder that is deleted when this process ends. */
export function copied() {
  const copy = fs.mkdtempSync(path.join(os.tmpdir(), 'miniprogram-mutants-'))
  process.once('exit', () => fs.rmSync(copy, { recursive: true }))
  fs.cpSync(path.join(project, 'miniprogram'), path.join(copy, 'miniprogram'), {
    recursive: true,
    filter: (name) => !NOT_COPIED.has(path.basename(name)),
  })
  return copy
}

/** Whether these test files pass on the mini program in `copy`, each within `timeout` milliseconds if it is given. */
export function pass(copy, tests, timeout) {
  const { NODE_TEST_CONTEXT: _, ...inherited } = process.env // with this variable node would behave as a test's own process
  const env = { ...inherited, MINIPROGRAM: path.join(copy, 'miniprogram') }
  return tests.every((name) => spawnSync(process.execPath, [name], { cwd: project, env, timeout }).status === 0)
}

/** Why the tests do not catch a planted defect, '' if each of them fails. Afterwards the copy is as before. */
export async function escaped(copy, { file, find, replace, tests }) {
  const place = path.join(copy, file)
  const sound = fs.readFileSync(place, 'utf8')
  if (sound.split(find).length !== 2) return 'its place is not there, or is there more than once'
  const spoiled = sound.replace(find, () => replace)
  if (!(await compiles(spoiled))) return 'what it leaves cannot be compiled, so any test would fail'
  fs.writeFileSync(place, spoiled)
  const blind = tests.filter((name) => pass(copy, [name], LIMIT_MS))
  fs.writeFileSync(place, sound)
  return blind.length ? `not noticed by ${blind.join(', ')}` : ''
}
