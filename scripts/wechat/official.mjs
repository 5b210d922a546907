/** `miniprogram-ci` without WeChat: it sends and asks nothing, and does what it can do offline. */
import { generateKeyPairSync } from 'node:crypto'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

// It asks WeChat for lists that it has itself too, and waits long without a network. Nothing listens at this address.
const NOWHERE = 'http://127.0.0.1:9'
const NOT_COPIED = new Set(['node_modules', 'miniprogram_npm'])

const ci = await quietly(() => createRequire(import.meta.url)('miniprogram-ci'))
await quietly(() => ci.proxy(NOWHERE))

/** Copy the shop, with its npm packages built into `miniprogram_npm`, as DevTools does. */
export async function copyWithPackages(shop, copy) {
  fs.rmSync(copy, { recursive: true, force: true })
  fs.cpSync(shop, copy, { recursive: true, filter: (name) => !NOT_COPIED.has(path.basename(name)) })
  const settings = readSettings(shop)
  delete settings.setting.ignoreUploadUnusedFiles // sizes.mjs finds the files that are used, in the compiled code
  writeSettings(copy, settings)
  await quietly(() => ci.packNpmManually({ packageJsonPath: path.join(shop, 'package.json'), miniprogramNpmDistDir: copy }))
}

/** Compile a copy into a folder, as for an upload; returns the errors, one sentence each. */
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
  delete settings.setting.useCompilerPlugins // the compiled code has no TypeScript
  writeSettings(into, settings)
  return []
}

/** The files of a compiled project that app.json reaches: `[{path, size, ext, subPackage, moduleId}]`. */
export async function analyse(compiled) {
  return (await quietly(() => ci.analyseCode(projectOf(compiled), { silent: true }))).files
}

/** A project without an account: the key is a new one, and the limits are the default ones. */
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

/** Run `work` without its progress messages on the console. */
async function quietly(work) {
  const loud = { log: console.log, info: console.info, warn: console.warn, error: console.error }
  for (const level of Object.keys(loud)) console[level] = () => undefined
  try {
    return await work()
  } finally {
    Object.assign(console, loud)
  }
}
