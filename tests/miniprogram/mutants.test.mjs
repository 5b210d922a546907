/** A planted defect counts as caught only if each of its tests fails. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { copied, escaped, pass } from './mutants/plant.mjs'

const copy = copied()
const FILE = 'miniprogram/lib/filter.ts'
const TEST = 'tests/miniprogram/lib/filter.test.mjs'
const DEFECT = { file: FILE, find: 'in_stock ? { in_stock }', replace: '!in_stock ? { in_stock }', tests: [TEST] }
const sound = fs.readFileSync(path.join(copy, FILE), 'utf8')

test('a defect that its test notices is caught, and leaves nothing behind', async () => {
  assert.equal(await escaped(copy, DEFECT), '')
  assert.equal(fs.readFileSync(path.join(copy, FILE), 'utf8'), sound)
  assert.ok(pass(copy, [TEST]))
})

for (const [what, changes, told] of [
  ['a change that breaks nothing', { replace: 'in_stock === true ? { in_stock }' }, `not noticed by ${TEST}`],
  ['a test that looks elsewhere', { tests: [TEST, 'tests/miniprogram/lib/money.test.mjs'] }, 'not noticed by tests/miniprogram/lib/money.test.mjs'],
  ['a place that is not there', { find: 'out_of_stock' }, 'its place is not there, or is there more than once'],
  ['a place that is there twice', { find: 'in_stock' }, 'its place is not there, or is there more than once'],
  ['what cannot be compiled', { replace: 'in_stock ? {' }, 'what it leaves cannot be compiled, so any test would fail'],
]) {
  test(`${what} is told`, async () => assert.equal(await escaped(copy, { ...DEFECT, ...changes }), told))
}
