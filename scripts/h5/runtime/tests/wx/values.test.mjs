/** Values on their way into storage, addresses and bodies. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../load.mjs';

const { decode, encode } = await load('wx/codec.ts');
const { bodyOf, orderToPay, withQuery } = await load('wx/query.ts');

for (const value of ['', '中文', 0, -1.5, true, false, null, undefined, [], { a: [1, { b: null }] }, new Date(86_400_000)]) {
  test(`storage gives back ${value instanceof Date ? 'a date' : JSON.stringify(value)} as it was`, () => {
    assert.deepStrictEqual(decode(encode(value)), value);
  });
}

test('storage refuses what cannot be kept', () => {
  assert.throws(() => encode(() => 1), TypeError);
  const ring = {};
  ring.self = ring;
  assert.throws(() => encode(ring), TypeError);
});

test('data of a GET joins the query, undefined is left out, objects go as JSON', () => {
  assert.equal(withQuery('/p?x=1', { q: '柿 子', none: undefined, list: [1] }), '/p?x=1&q=%E6%9F%BF%20%E5%AD%90&list=%5B1%5D');
  assert.equal(withQuery('/p#top', { q: 1 }), '/p?q=1#top');
  assert.equal(withQuery('/p', undefined), '/p');
  assert.equal(withQuery('/p', {}), '/p');
});

test('a body is JSON, a form, or what it was', () => {
  assert.equal(bodyOf({ a: 1 }, 'application/json'), '{"a":1}');
  assert.equal(bodyOf({ a: 1, b: '&' }, 'application/x-www-form-urlencoded'), 'a=1&b=%26');
  assert.equal(bodyOf('text', 'application/json'), 'text');
  assert.equal(bodyOf(undefined, 'application/json'), undefined);
});

test('only asking to pay an order names an order', () => {
  assert.equal(orderToPay('POST', '/api/orders/T26_a-1/pay'), 'T26_a-1');
  assert.equal(orderToPay('POST', 'https://mall.test/api/orders/T1/pay?x=1'), 'T1');
  assert.equal(orderToPay('GET', '/api/orders/T1/pay'), undefined);
  assert.equal(orderToPay('POST', '/api/orders/T1/payment'), undefined);
});
