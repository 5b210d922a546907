/** Addresses of pages, and the channel between two pages. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../load.mjs';

const { addressOf } = await load('core/address.ts');
const { EventChannel } = await load('core/event-channel.ts');

test('an address keeps its values encoded, whatever they hold', () => {
  const { route, query, url } = addressOf('/pages/index/index?scene=s%3DCODE&a=1=2&flag&empty=');
  assert.equal(route, 'pages/index/index');
  assert.deepEqual(query, { scene: 's%3DCODE', a: '1=2', flag: '', empty: '' });
  assert.equal(url, 'pages/index/index?scene=s%3DCODE&a=1=2&flag&empty=');
});

test('relative addresses are seen from the page on top', () => {
  assert.equal(addressOf('../list/index?id=1', 'packages/order/pages/detail/index').url, 'packages/order/pages/list/index?id=1');
  assert.equal(addressOf('/pages/cart/index', 'packages/order/pages/detail/index').url, 'pages/cart/index');
  assert.equal(addressOf('pages/cart/index').route, 'pages/cart/index');
});

test('each end of a channel hears only the other end', () => {
  const heard = [];
  const [near, far] = EventChannel.pair({ answer: (/** @type {string} */ text) => heard.push(`near ${text}`) });
  far.on('question', (/** @type {string} */ text) => heard.push(`far ${text}`));
  near.emit('question', 'a');
  near.emit('answer', 'b');
  far.emit('answer', 'c');
  assert.deepEqual(heard, ['far a', 'near c']);
});

test('a listener for once hears once; off takes away one or all', () => {
  const heard = [];
  const [near, far] = EventChannel.pair();
  const keep = (/** @type {number} */ n) => heard.push(n);
  far.once('x', (/** @type {number} */ n) => heard.push(-n));
  far.on('x', keep);
  near.emit('x', 1);
  near.emit('x', 2);
  far.off('x', keep);
  near.emit('x', 3);
  assert.deepEqual(heard, [-1, 1, 2]);
});
