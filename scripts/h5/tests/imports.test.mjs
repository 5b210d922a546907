/** Imports of the builder and the runtime go one way, and the runtime's core stands on its own. */

import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';

import { circlesIn, importsIn } from './imports.mjs';

const SOURCES = path.resolve(import.meta.dirname, '..');
const CORE = path.join('runtime', 'core') + path.sep;
/** What the core may import besides its own modules: WeChat's engine, and what the builder knows of the mini program. */
const OUTSIDE_OF_CORE = new Set(['glass-easel', 'glass-easel-miniprogram-adapter', 'h5:manifest']);

/** What the core imports and should not. @param {Map<string, Set<string>>} imports */
function strayImports(imports) {
  return [...imports]
    .filter(([module]) => module.startsWith(CORE))
    .flatMap(([module, used]) => [...used].map((one) => ({ module, one })))
    .filter(({ one }) => !one.startsWith(CORE) && !OUTSIDE_OF_CORE.has(one))
    .map(({ module, one }) => `${module} imports ${one}`);
}

/** The imports of a copy of the sources in which `line` was added to `module`. @param {string} module @param {string} line */
function importsWith(module, line) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'h5-imports-'));
  try {
    for (const part of ['builder', 'runtime']) {
      cpSync(path.join(SOURCES, part), path.join(folder, part), { recursive: true, filter: (name) => path.basename(name) !== 'node_modules' });
    }
    appendFileSync(path.join(folder, module), `\n${line}\n`);
    return importsIn(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('no modules of the builder or the runtime import each other in a circle', () => {
  const imports = importsIn(SOURCES);
  for (const module of ['build.mjs', 'builder/shop.mjs', 'runtime/main.ts', 'runtime/wx/index.ts', 'runtime/core/pages.ts']) {
    assert.ok(imports.get(module)?.size, `${module} was read`);
  }
  assert.deepEqual(circlesIn(imports), []);
});

test('the core of the runtime imports nothing but itself, the engine and the manifest', () => {
  assert.deepEqual(strayImports(importsIn(SOURCES)), []);
});

for (const [how, module, line, circle] of [
  ['an import', 'runtime/core/stack.ts', "import { topFrame } from './pages';", ['runtime/core/pages.ts', 'runtime/core/stack.ts']],
  ['an import of a type', 'runtime/wx/query.ts', "import type { TransferParameters } from './payments';", ['runtime/wx/payments.ts', 'runtime/wx/query.ts']],
  ['a type named in place', 'runtime/core/address.ts', "export type Stack = import('./stack').Entry[];", ['runtime/core/address.ts', 'runtime/core/stack.ts']],
  ['an export of what another one has', 'runtime/core/style.ts', "export * from './layers';", ['runtime/core/layers.ts', 'runtime/core/style.ts']],
  ['an import that runs later', 'runtime/wx/toast.ts', "export const later = () => import('.');", ['runtime/wx/index.ts', 'runtime/wx/toast.ts']],
  ['a type in a comment', 'builder/files.mjs', "/** @type {import('./project.mjs').Unit[]} */\nexport const none = [];", ['builder/files.mjs', 'builder/project.mjs']],
]) {
  test(`${how} that closes a circle is found`, () => {
    const found = circlesIn(importsWith(module, line));
    assert.ok(found.some((one) => isDeepStrictEqual(one.slice(1).sort(), circle)), JSON.stringify(found));
  });
}

for (const [what, line] of [
  ['runtime/wx/toast.ts', "import '../wx/toast';"],
  ['runtime/components/index.ts', "export * from '../components';"],
  ['runtime/main.ts', "export const later = () => import('../main');"],
  ['postcss', "import 'postcss';"],
]) {
  test(`${what} in the core is found`, () => {
    assert.deepEqual(strayImports(importsWith('runtime/core/stack.ts', line)), [`runtime/core/stack.ts imports ${what}`]);
  });
}

test('what cannot be followed is refused', () => {
  assert.throws(() => importsWith('runtime/core/stack.ts', "import './nothing';"), /stack\.ts imports \.\/nothing, which is not there/);
  assert.throws(() => importsWith('runtime/core/stack.ts', 'export const any = (name: string) => import(name);'), /imports what only shows while it runs/);
});
