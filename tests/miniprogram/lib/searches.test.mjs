/** The searches on this device. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone } from '../support/phone.mjs'

const searches = await load('lib/searches.ts')
beforeEach(() => {
  new Phone()
})

test('the last stands first, and the same words stand once', () => {
  assert.deepEqual(searches.all(), [])
  assert.deepEqual(searches.add('柿饼'), ['柿饼'])
  searches.add('茶')
  assert.deepEqual(searches.add('柿饼'), ['柿饼', '茶'])
  assert.deepEqual(searches.all(), ['柿饼', '茶'])
})

test('twelve are kept', () => {
  for (let number = 1; number <= 13; number += 1) searches.add(String(number))
  assert.deepEqual([searches.all().length, searches.all()[0], searches.all().at(-1)], [12, '13', '2'])
})

test('they can be forgotten', () => {
  searches.add('柿饼')
  assert.deepEqual([searches.forget(), searches.all()], [[], []])
})
