/** Finds what WeChat's compilers accept but a phone does not: markup that is not drawn, undeclared calls that fail. */
import fs from 'node:fs'
import path from 'node:path'

import { filesOf } from './markup.mjs'

const TAG = /<!--[\s\S]*?-->|<(?<close>\/?)(?<name>[\w-]+)(?:"[^"]*"|'[^']*'|[^>"'])*?(?<empty>\/?)>/g
/** A `<text>` draws only these. */
const IN_TEXT = new Set(['text', 'block'])
/** WeChat answers these only if app.json names them in `requiredPrivateInfos`. */
const DECLARED =
  /\bwx\.(getFuzzyLocation|getLocation|onLocationChange|startLocationUpdate|startLocationUpdateBackground|chooseLocation|choosePoi|chooseAddress)\b/g

/** Elements in a `<text>` that it does not draw. */
export function hiddenInText(folder) {
  return filesOf(folder, ['.wxml']).flatMap((name) => hiddenIn(name, fs.readFileSync(path.join(folder, name), 'utf8')))
}

function hiddenIn(file, markup) {
  const open = []
  const found = []
  for (const { groups, index } of markup.matchAll(TAG)) {
    const { close, name, empty } = groups
    if (!name) continue
    if (close) {
      open.pop()
      continue
    }
    if (open.includes('text') && !IN_TEXT.has(name)) {
      const line = markup.slice(0, index).split('\n').length
      found.push(`${file}:${line}: <${name}> in a <text> is not drawn in WeChat`)
    }
    if (!empty) open.push(name)
  }
  return found
}

/** Calls that app.json does not declare. */
export function undeclaredCalls(folder) {
  const { requiredPrivateInfos = [] } = JSON.parse(fs.readFileSync(path.join(folder, 'app.json'), 'utf8'))
  return filesOf(folder, ['.ts']).flatMap((name) =>
    [...fs.readFileSync(path.join(folder, name), 'utf8').matchAll(DECLARED)]
      .filter(([, call]) => !requiredPrivateInfos.includes(call))
      .map(([, call]) => `${name}: wx.${call} fails unless app.json has it in requiredPrivateInfos`),
  )
}
