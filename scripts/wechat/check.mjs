/**
 * Checks the mini program offline: `node check.mjs types` (TypeScript with strict settings, and too long functions) and
 * `node check.mjs tools` (WeChat's own compilers for markup, styles and code, and the sizes of the packages).
 * Findings are printed one per line; the exit code is 1 if there are any.
 */
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import { longFunctions, typeErrors } from './code.mjs'
import { markupErrors, styleErrors } from './markup.mjs'
import { hiddenInText, undeclaredCalls } from './phone.mjs'

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const SHOP = path.join(ROOT, 'miniprogram')
const H5 = path.join(ROOT, 'scripts/h5')

function types() {
  return [
    ...typeErrors(path.join(SHOP, 'tsconfig.json')),
    ...typeErrors(path.join(H5, 'runtime/tsconfig.json')),
    ...longFunctions([SHOP, H5, path.join(ROOT, 'scripts/wechat'), path.join(ROOT, 'tests/miniprogram')]),
  ]
}

async function tools() {
  const findings = [...markupErrors(SHOP), ...styleErrors(SHOP), ...hiddenInText(SHOP), ...undeclaredCalls(SHOP)]
  if (findings.length) return findings
  const { compile, copyWithPackages } = await import('./official.mjs') // it loads slowly and prints much
  const { measure, oversized } = await import('./sizes.mjs')
  const copy = path.join(ROOT, 'build/wechat/project')
  await copyWithPackages(SHOP, copy)
  const compiled = path.join(ROOT, 'build/wechat/compiled')
  const errors = await compile(copy, compiled)
  if (errors.length) return errors
  const sizes = await measure(compiled)
  for (const [name, bytes] of sizes) console.log(`${name}: ${Math.ceil(bytes / 1024)} kB`)
  return oversized(sizes)
}

const stages = { types, tools }
const stage = stages[process.argv[2]]
if (!stage) {
  console.error('usage: node check.mjs types|tools')
  process.exit(2)
}
const findings = await stage()
for (const finding of findings) console.error(finding.replaceAll(`${ROOT}/`, ''))
process.exit(findings.length ? 1 : 0) // miniprogram-ci leaves workers that would keep the process alive
