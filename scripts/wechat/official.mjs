/** `miniprogram-ci` without WeChat: nothing is sent or asked, all it can do alone is done. */
import { generateKeyPairSync } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

// It asks WeChat for lists that it also has itself, and waits long where there is no network: nobody listens there.
const NOWHERE = 'http://127.0.0.1:9'
const NOT_COPIED = new Set(['node_modules', 'miniprogram_npm'])

const ci = await quietly(() => createRequire(import.meta.url)('miniprogram-ci'))
await quietly(() => ci.proxy(NOWHERE))

/** A copy of the shop with its npm packages built into `miniprogram_npm`, as DevTools does. */
export async function copyWithPackages(shop, copy) {
  fs.rmSync(copy, { recursive: true, force: true })
  fs.cpSync(shop, copy, { recursive: true, filter: (name) => !NOT_COPIED.has(path.basename(name)) })
  const settings = readSettings(shop)
  delete settings.setting.ignoreUploadUnusedFiles // sizes.mjs finds what is used, in what was compiled
  writeSettings(copy, settings)
  await quietly(() => ci.packNpmManually({ packageJsonPath: path.join(shop, 'package.json'), miniprogramNpmDistDir: copy }))
}

/** Compile a copy as an upload would, into a folder; what went wrong, one sentence each. */
export async function compile(copy, into) {
  let files
  try {
    files = await quietly(() =>
      ci.getCompiledResult({
        project: projectOf(copy),
        version: '0.0.0',
        setting: { es6: true, minify: true, autoPrefixWXSS: true },
        onProgressUpdate: () => undefined,
      }),
    )
  } catch (error) {
    return [`miniprogram-ci: ${error.message}`]
  }
  fs.rmSync(into, { recursive: true, force: true })
  for (const [name, content] of Object.entries(files)) {
    const place = path.join(into, name)
    fs.mkdirSync(path.dirname(place), { recursive: true })
    fs.writeFileSync(place, content)
  }
  const settings = readSettings(copy)
  delete settings.setting.useCompilerPlugins // the TypeScript is gone by now
  writeSettings(into, settings)
  return []
}

/** Which files of a compiled project are reached from app.json: `[{path, size, ext, subPackage, moduleId}]`. */
export async function analyse(compiled) {
  return (await quietly(() => ci.analyseCode(projectOf(compiled), { silent: true }))).files
}

/** A project of nobody's: the key signs nothing, and the limits are the ones of every account. */
function projectOf(folder) {
  const encoding = { format: 'pem', type: 'pkcs1' }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048, privateKeyEncoding: encoding, publicKeyEncoding: encoding })
  const project = new ci.Project({ appid: 'wx0000000000000000', type: 'miniProgram', projectPath: folder, privateKey })
  project.attr = () => Promise.resolve(ci.DefaultProjectAttr)
  return project
}

const readSettings = (folder) => JSON.parse(fs.readFileSync(path.join(folder, 'project.config.json'), 'utf8'))

const writeSettings = (folder, settings) =>
  fs.writeFileSync(path.join(folder, 'project.config.json'), JSON.stringify(settings, null, 2))

/** Its talk about its own progress is kept to itself. */
async function quietly(work) {
  const loud = { log: console.log, info: console.info, warn: console.warn, error: console.error }
  for (const level of Object.keys(loud)) console[level] = () => undefined
  try {
    return await work()
  } finally {
    Object.assign(console, loud)
  }
}
