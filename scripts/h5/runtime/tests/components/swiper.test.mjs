/** Where the items of a swiper stand. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../load.mjs';

const { place } = await load('components/ring.ts');

test('on a ring each item stands on the nearer side; in a row it stays in line', () => {
  assert.deepEqual([0, 1, 2].map((index) => place(index, 0, 3, true)), [0, 1, -1]);
  assert.deepEqual([0, 1, 2].map((index) => place(index, 3, 3, true)), [0, 1, -1]);
  assert.deepEqual([0, 1, 2].map((index) => place(index, 2, 3, false)), [-2, -1, 0]);
  assert.equal(place(0, 0.4, 1, true), -0.4);
});
