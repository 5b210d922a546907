/** The columns of pickers, and what is chosen by them. */

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { load } from '../load.mjs';

const wheels = await load('components/picker-columns.ts');
const { regions } = await load('components/regions.ts');

const plain = { range: [], rangeKey: '', value: null, start: '', end: '', fields: 'day', level: '' };
const today = [2026, 3, 31];

test('a date picker starts at its value and gives it back', () => {
  const wheel = wheels.date({ ...plain, value: '2024-02-29' }, today);
  assert.deepEqual(wheel.result(wheel.initial), { value: '2024-02-29' });
  assert.equal(wheel.columns(wheel.initial)[2].length, 29);
});

test('turning the year away from a leap year takes the day along', () => {
  const wheel = wheels.date({ ...plain, value: '2024-02-29' }, today);
  const [year, month, day] = wheel.initial;
  assert.deepEqual(wheel.result([year + 1, month, day]), { value: '2025-02-28' });
});

test('dates stay between start and end', () => {
  const wheel = wheels.date({ ...plain, value: '2030-01-01', start: '2026-02-10', end: '2026-03-05' }, today);
  assert.deepEqual(wheel.columns([0, 0, 0]), [['2026年'], ['2月', '3月'], Array.from({ length: 19 }, (_, index) => `${index + 10}日`)]);
  assert.deepEqual(wheel.columns([0, 1, 0])[2].at(-1), '5日');
});

test('a month picker has no days', () => {
  const wheel = wheels.date({ ...plain, fields: 'month', value: '' }, today);
  assert.deepEqual(wheel.result(wheel.initial), { value: '2026-03' });
});

test('times stay between start and end', () => {
  const wheel = wheels.time({ ...plain, value: '09:15', start: '08:30', end: '10:05' });
  assert.deepEqual(wheel.result(wheel.initial), { value: '09:15' });
  assert.equal(wheel.columns([0, 0])[1][0], '30分');
  assert.equal(wheel.columns([2, 0])[1].length, 6);
});

test('selectors answer with places', () => {
  const one = wheels.selector({ ...plain, range: [{ name: '甲' }, { name: '乙' }], rangeKey: 'name', value: 1 });
  assert.deepEqual([one.columns([0]), one.result(one.initial)], [[['甲', '乙']], { value: 1 }]);
  const many = wheels.multiSelector({ ...plain, range: [['a', 'b'], ['c']], value: [1] });
  assert.deepEqual(many.result(many.initial), { value: [1, 0] });
});

test('regions follow their province and city, down to the level', () => {
  const wheel = wheels.region({ ...plain, value: ['广东省', '深圳市', '南山区'] }, regions());
  assert.deepEqual(wheel.result(wheel.initial), { value: ['广东省', '深圳市', '南山区'] });
  assert.deepEqual(wheel.result([wheel.initial[0], 0, 0]), { value: ['广东省', '广州市', '荔湾区'] });
  assert.equal(wheels.region({ ...plain, level: 'city' }, regions()).columns([0, 0]).length, 2);
});

test('all 34 provinces are there, none without a district', () => {
  const all = regions();
  assert.equal(all.length, 34);
  assert.ok(all.every(({ inside }) => inside.every((city) => city.name && city.inside.every(({ name }) => name))));
});
