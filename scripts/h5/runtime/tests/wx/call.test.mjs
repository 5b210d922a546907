/** How an asynchronous call answers. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../load.mjs';

const { asyncCall, Refused, WxFailure } = await load('wx/call.ts');
const double = asyncCall('double', ({ number }) => {
  if (number < 0) throw new Refused('too small');
  return { number: number * 2 };
});

test('without callbacks a call gives a promise with the answer and errMsg', async () => {
  assert.deepEqual(await double({ number: 2 }), { errMsg: 'double:ok', number: 4 });
});

test('without callbacks a refusal rejects with name and reason', async () => {
  await assert.rejects(double({ number: -1 }), { errMsg: 'double:fail too small' });
});

test('with callbacks a call gives nothing, and success comes before complete', async () => {
  const heard = [];
  await new Promise((done) => {
    const given = double({
      number: 3,
      success: ({ number }) => heard.push(['success', number]),
      complete: ({ errMsg }) => done(heard.push(['complete', errMsg])),
    });
    assert.equal(given, undefined);
  });
  assert.deepEqual(heard, [['success', 6], ['complete', 'double:ok']]);
});

test('with only success a refusal stays silent', async () => {
  let told = false;
  double({ number: -1, success: () => (told = true) });
  await new Promise((done) => setTimeout(done));
  assert.equal(told, false);
});

test('a reason that names the call already is not named twice', async () => {
  const go = asyncCall('go', () => Promise.reject(new Error('go:fail page "x" is not found')));
  await assert.rejects(go(), (failure) => failure instanceof WxFailure && failure.errMsg === 'go:fail page "x" is not found');
});
