/** The download sizes: the files that app.json reaches, as DevTools uploads them with `ignoreUploadUnusedFiles`. */
import fs from 'node:fs'
import path from 'node:path'

import { analyse } from './official.mjs'

export const MAIN = 'main package'
const MAIN_BYTES = 1.5 * 1024 * 1024
const SUB_BYTES = 2 * 1024 * 1024
const CODE = new Set(['.js', '.json', '.wxml', '.wxss', '.wxs'])

/** Bytes by package. Code counts if it is used; pictures always count. */
export async function measure(compiled) {
  const roots = JSON.parse(fs.readFileSync(path.join(compiled, 'app.json'), 'utf8')).subPackages ?? []
  const sizes = new Map([[MAIN, 0], ...roots.map(({ root }) => [root.replace(/\/$/, ''), 0])])
  for (const file of await analyse(compiled)) {
    if (CODE.has(file.ext) && !file.moduleId) continue
    const root = [...sizes.keys()].find((name) => file.path.startsWith(`${name}/`)) ?? MAIN
    sizes.set(root, sizes.get(root) + file.size)
  }
  return sizes
}

/** One sentence for each package over its limit: 1.5 MB for the main one, 2 MB for others. */
export function oversized(sizes) {
  return [...sizes]
    .filter(([name, bytes]) => bytes > (name === MAIN ? MAIN_BYTES : SUB_BYTES))
    .map(([name, bytes]) => `${name}: ${Math.ceil(bytes / 1024)} kB, ${(name === MAIN ? MAIN_BYTES : SUB_BYTES) / 1024} kB is the limit: move pages, or use fewer components`)
}
