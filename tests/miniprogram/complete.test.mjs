/** Every function of the mini program's plain modules has a test, and every planted defect fits the code. */

import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'

import { listed } from './mutants/list.mjs'
import { load, shop } from './support/load.mjs'

const tests = import.meta.dirname
/** Modules that register themselves: pages and components, and the app. */
const REGISTERED = /(^|\/)(index|app)\.ts$/
/** Tests that do not have the same name as their module. */
const ELSEWHERE = { 'components/ring/arcs.ts': 'components/ring.test.mjs', 'config.ts': 'lib/transport.test.mjs' }

const modules = fs
  .readdirSync(shop, { recursive: true })
  .filter((name) => name.endsWith('.ts') && !/node_modules|miniprogram_npm/.test(name) && !REGISTERED.test(name))

for (const name of modules.filter((each) => !each.startsWith('api/'))) {
  test(`${name}: everything it exports is in its test`, async () => {
    const file = path.join(tests, ELSEWHERE[name] ?? name.replace(/\.ts$/, '.test.mjs'))
    const text = fs.readFileSync(file, 'utf8')
    const exported = Object.keys(await load(name))
    assert.deepEqual(exported.filter((each) => !new RegExp(`\\b${each}\\b`).test(text)), [])
  })
}

test('each planted defect finds its place once, changes something, and names tests that are there', () => {
  const wrong = listed().flatMap((mutant) => {
    const text = fs.readFileSync(path.join(shop, '..', mutant.file), 'utf8')
    const fits = text.split(mutant.find).length === 2 && mutant.find !== mutant.replace && mutant.why && mutant.tests.length
    return fits && mutant.tests.every((each) => fs.existsSync(path.join(tests, '../..', each))) ? [] : [mutant]
  })
  assert.deepEqual(wrong, [])
})

test('no defect is listed twice', () => {
  const all = listed().map(({ file, find, replace }) => JSON.stringify([file, find, replace]))
  assert.deepEqual(all.filter((each, at) => all.indexOf(each) !== at), [])
})
