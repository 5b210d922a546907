/** Each check accepts a small shop, and finds each mistake that is put into it. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'

import { longFunctions, typeErrors } from '../code.mjs'
import { markupErrors, styleErrors } from '../markup.mjs'
import { compile } from '../official.mjs'
import { hiddenInText, undeclaredCalls } from '../phone.mjs'
import { MAIN, measure, oversized } from '../sizes.mjs'

const SHOP = {
  'app.json': JSON.stringify({ pages: ['pages/a/index'], subPackages: [{ root: 'more', pages: ['b/index'] }], componentFramework: 'glass-easel' }),
  'app.ts': 'App({})',
  'project.config.json': JSON.stringify({ compileType: 'miniprogram', setting: { useCompilerPlugins: ['typescript'] } }),
  'pages/a/index.json': JSON.stringify({ usingComponents: { tag: '/components/tag/index' } }),
  'pages/a/index.ts': 'const size: number = 1\nPage({ data: { size } })',
  'pages/a/index.wxml': '<tag wx:if="{{size > 0}}">{{size}}</tag>',
  'pages/a/index.wxss': '.a { margin: 2rpx; }',
  'more/b/index.json': '{}',
  'more/b/index.ts': 'Page({})',
  'more/b/index.wxml': '<view>b</view>',
  'components/tag/index.json': '{ "component": true }',
  'components/tag/index.ts': 'Component({})',
  'components/tag/index.wxml': '<slot />',
  'components/unused/index.json': '{ "component": true }',
  'components/unused/index.ts': `Component({ data: { words: '${'x'.repeat(100_000)}' } })`,
  'components/unused/index.wxml': '<view />',
  'tsconfig.json': '{ "compilerOptions": { "strict": true, "noEmit": true, "types": [], "lib": ["ES2020"] }, "files": ["pages/a/index.ts", "wx.d.ts"] }',
  'wx.d.ts': 'declare function Page(page: object): void',
}

/** A shop in a folder that is deleted when the test ends; `undefined` leaves a file out. */
function shop(context, changes = {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'shop-'))
  context.after(() => fs.rmSync(folder, { recursive: true }))
  for (const [name, content] of Object.entries({ ...SHOP, ...changes })) {
    if (content === undefined) continue
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true })
    fs.writeFileSync(path.join(folder, name), content)
  }
  return folder
}

test('types: what fits passes, what does not is told with its place', (context) => {
  assert.deepEqual(typeErrors(path.join(shop(context), 'tsconfig.json')), [])
  const [error, ...others] = typeErrors(path.join(shop(context, { 'pages/a/index.ts': "const size: number = ''" }), 'tsconfig.json'))
  assert.match(error, /pages\/a\/index\.ts:1:7: Type 'string' is not assignable to type 'number'/)
  assert.deepEqual(others, [])
})

test('functions: 70 lines are allowed, 71 are not, wherever they stand', (context) => {
  const of = (lines) => `Page({\n  f() {\n${'    g()\n'.repeat(lines - 2)}  },\n})`
  assert.deepEqual(longFunctions([shop(context, { 'pages/a/index.ts': of(70) })]), [])
  const [finding] = longFunctions([shop(context, { 'pages/a/index.ts': of(71) })])
  assert.match(finding, /index\.ts:2: a function of 71 lines/)
})

test('text: only text is drawn in it', (context) => {
  const of = (markup) => hiddenInText(shop(context, { 'pages/a/index.wxml': markup }))
  assert.deepEqual(of('<view><text a="<b>">1<text>2</text></text><tag /><!-- <text> --><view /></view>'), [])
  assert.deepEqual(of('<view>\n<text wx:if="{{a > b}}">1 <tag a="/" /></text></view>'), [
    'pages/a/index.wxml:2: <tag> in a <text> is not drawn in WeChat',
  ])
})

test('calls: what WeChat wants declared is told where it is not', (context) => {
  const changes = { 'pages/a/index.ts': 'await wx.chooseAddress()' }
  const [finding, ...others] = undeclaredCalls(shop(context, changes))
  assert.match(finding, /pages\/a\/index\.ts: wx\.chooseAddress fails/)
  assert.deepEqual(others, [])
  assert.deepEqual(undeclaredCalls(shop(context, { ...changes, 'app.json': '{ "requiredPrivateInfos": ["chooseAddress"] }' })), [])
})

test('markup: wcc names the file that it cannot read', (context) => {
  assert.deepEqual(markupErrors(shop(context)), [])
  const errors = markupErrors(shop(context, { 'pages/a/index.wxml': '<view><text></view>' }))
  assert.match(errors.join(), /pages\/a\/index\.wxml/)
})

test('styles: wcsc names the file that it cannot read', (context) => {
  assert.deepEqual(styleErrors(shop(context)), [])
  const errors = styleErrors(shop(context, { 'pages/a/index.wxss': '.a { margin: 2rpx; ' }))
  assert.match(errors.join(), /pages\/a\/index\.wxss/)
})

test('compile: what fits is compiled, and only what is used counts', async (context) => {
  const folder = shop(context, { 'assets/a.png': Buffer.alloc(5000) })
  const compiled = path.join(folder, 'compiled')
  assert.deepEqual(await compile(folder, compiled), [])
  assert.ok(fs.existsSync(path.join(compiled, 'pages/a/index.js')))
  const sizes = await measure(compiled)
  assert.deepEqual([...sizes.keys()], [MAIN, 'more'])
  assert.ok(sizes.get(MAIN) > 5000 && sizes.get(MAIN) < 50_000, `${sizes.get(MAIN)}`)
  assert.ok(sizes.get('more') > 50 && sizes.get('more') < 1000, `${sizes.get('more')}`)
})

for (const [what, changes, told] of [
  ['a missing page', { 'more/b/index.wxml': undefined }, /more\/b\/index\.wxml/],
  ['a missing component', { 'components/tag/index.json': undefined, 'components/tag/index.ts': undefined, 'components/tag/index.wxml': undefined }, /components\/tag/],
  ['code that cannot be read', { 'pages/a/index.ts': 'Page({' }, /pages\/a\/index/],
]) {
  test(`compile: ${what} is told`, async (context) => {
    const folder = shop(context, changes)
    const errors = await compile(folder, path.join(folder, 'compiled'))
    assert.equal(errors.length, 1)
    assert.match(errors[0], told)
  })
}

test('sizes: each package has its limit', () => {
  const megabyte = 1024 * 1024
  assert.deepEqual(oversized(new Map([[MAIN, 1.5 * megabyte], ['more', 2 * megabyte]])), [])
  const [main, more] = oversized(new Map([[MAIN, 1.5 * megabyte + 1], ['more', 2 * megabyte + 1]]))
  assert.match(main, /main package: 1537 kB, 1536 kB is the limit/)
  assert.match(more, /more: 2049 kB, 2048 kB is the limit/)
})
