/** Compiles WXML and WXSS with WeChat's own compilers, which fail on what a phone would not show. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const PLACES = { darwin: 'mac', linux: 'linux', win32: 'windows' }
const MADE = new Set(['node_modules', 'miniprogram_npm'])

/** The errors of `wcc` in the WXML and WXSS below a folder. */
export function markupErrors(folder) {
  const files = filesOf(folder, ['.wxml', '.wxs'])
  return errorsOf('wcc', folder, ['-d', '-cc', ...componentsOf(folder), ...files, '-gn', '$gwx'])
}

/** The errors of `wcsc` in the WXSS below a folder. */
export function styleErrors(folder) {
  const files = filesOf(folder, ['.wxss'])
  return errorsOf('wcsc', folder, ['-lc', '-db', '-pc', String(files.length), ...files])
}

/** Files of these kinds below a folder, as paths from it, without generated and installed ones. */
export function filesOf(folder, suffixes) {
  return fs
    .readdirSync(folder, { recursive: true })
    .map((name) => name.split(path.sep).join('/'))
    .filter((name) => suffixes.includes(path.extname(name)) && !name.split('/').some((part) => MADE.has(part)))
    .sort()
}

/** The components of templates in the format of `wcc`: the number of templates, then each with its names. */
function componentsOf(folder) {
  const told = []
  for (const template of filesOf(folder, ['.wxml'])) {
    const settings = path.join(folder, template.replace(/\.wxml$/, '.json'))
    const names = fs.existsSync(settings) ? Object.keys(JSON.parse(fs.readFileSync(settings)).usingComponents ?? {}) : []
    if (names.length) told.push([template, names.length, ...names])
  }
  return [[told.length, ...told.flat()].join(' ')]
}

function errorsOf(compiler, folder, args) {
  const { status, stderr, error } = spawnSync(programOf(compiler), args, { cwd: folder, maxBuffer: 1 << 28, encoding: 'utf8' })
  if (error) return [`${compiler} cannot be run: ${error.message}`]
  return status === 0 ? [] : stderr.trim().split('\n').map((line) => `${compiler}: ${line}`)
}

/** The compiler for this system. Its package does not mark it as executable. */
function programOf(compiler) {
  const place = PLACES[process.platform]
  const home = path.dirname(createRequire(import.meta.url).resolve('miniprogram-compiler/package.json'))
  const program = path.join(home, 'bin', place, place === 'windows' ? `${compiler}.exe` : compiler)
  fs.chmodSync(program, 0o755)
  return program
}
