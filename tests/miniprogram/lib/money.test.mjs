/** Fen as text for people, and typed text as fen. */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { load } from '../support/load.mjs'

const { fenOf, fold, percent, priced, signed, split, yuan } = await load('lib/money.ts')

/** fen · yuan · short · priced · signed */
const AMOUNTS = [
  [0, '0.00', '0', '¥0.00', '+¥0.00'],
  [1, '0.01', '0.01', '¥0.01', '+¥0.01'],
  [9, '0.09', '0.09', '¥0.09', '+¥0.09'],
  [10, '0.10', '0.10', '¥0.10', '+¥0.10'],
  [99, '0.99', '0.99', '¥0.99', '+¥0.99'],
  [100, '1.00', '1', '¥1.00', '+¥1.00'],
  [101, '1.01', '1.01', '¥1.01', '+¥1.01'],
  [99_999, '999.99', '999.99', '¥999.99', '+¥999.99'],
  [100_000, '1,000.00', '1,000', '¥1,000.00', '+¥1,000.00'],
  [123_456, '1,234.56', '1,234.56', '¥1,234.56', '+¥1,234.56'],
  [99_999_999, '999,999.99', '999,999.99', '¥999,999.99', '+¥999,999.99'],
  [100_000_000, '1,000,000.00', '1,000,000', '¥1,000,000.00', '+¥1,000,000.00'],
  [-1, '-0.01', '-0.01', '-¥0.01', '-¥0.01'],
  [-100, '-1.00', '-1', '-¥1.00', '-¥1.00'],
  [-123_456, '-1,234.56', '-1,234.56', '-¥1,234.56', '-¥1,234.56'],
]

for (const [fen, plain, short, price, change] of AMOUNTS) {
  test(`${fen} fen`, () => {
    assert.equal(yuan(fen), plain)
    assert.equal(yuan(fen, true), short)
    assert.equal(priced(fen), price)
    assert.equal(signed(fen), change)
    const { whole, cents } = split(fen)
    assert.equal(`${whole}.${cents}`, plain)
  })
}

test('a short price leaves out zeros, not cents', () => {
  assert.deepEqual([0, 1, 100, -100, 100_000_000].map((fen) => priced(fen, true)), ['¥0', '¥0.01', '¥1', '-¥1', '¥1,000,000'])
})

const TYPED = [
  ['0', 0],
  ['0.01', 1],
  ['0.1', 10],
  ['12', 1200],
  ['12.3', 1230],
  ['12.30', 1230],
  ['12.03', 1203],
  ['  12 ', 1200],
  ['00012', 1200],
  ['19.99', 1999],
  ['1000000', 100_000_000],
  ['99999999.99', 9_999_999_999],
]
for (const [text, fen] of TYPED) {
  test(`“${text}” is ${fen} fen`, () => assert.equal(fenOf(text), fen))
}

for (const text of ['', ' ', '.', '.5', '1.', '1.234', '1.2.3', '-1', '+1', '1e3', '1,000', '0x10', '１２', '十', '100000000', '1 2', '¥1']) {
  test(`“${text}” is no amount`, () => assert.equal(fenOf(text), null))
}

test('what is shown of an amount means that amount when it is typed', () => {
  for (let fen = 0; fen <= 100_000_000; fen = fen < 2000 ? fen + 1 : fen * 7 + 3) {
    assert.equal(fenOf(yuan(fen).replaceAll(',', '')), fen)
    assert.equal(fenOf(yuan(fen, true).replaceAll(',', '')), fen)
  }
})

test('basis points are read as percent', () => {
  const words = [0, 1, 10, 29, 57, 100, 1110, 1250, 9999, 10_000].map(percent)
  assert.deepEqual(words, ['0%', '0.01%', '0.1%', '0.29%', '0.57%', '1%', '11.1%', '12.5%', '99.99%', '100%'])
})

test('a part off is read as 折', () => {
  assert.deepEqual([0, 500, 1000, 1500, 2000, 9999, 10_000].map(fold), ['10', '9.5', '9', '8.5', '8', '0.001', '0'])
})
