/** TypeScript's errors in the code, and the length of its functions. */
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'

const ts = createRequire(new URL('../../miniprogram/package.json', import.meta.url))('typescript')

const FUNCTION_LINES = 70
const NOT_OURS = new Set(['node_modules', 'miniprogram_npm'])

/** The errors of the project that a tsconfig.json describes, one sentence each. */
export function typeErrors(config) {
  const host = { ...ts.sys, onUnRecoverableConfigFileDiagnostic: () => undefined }
  const parsed = ts.getParsedCommandLineOfConfigFile(config, {}, host)
  if (!parsed) return [`${config}: cannot be read`]
  const program = ts.createProgram(parsed.fileNames, parsed.options)
  return [...parsed.errors, ...ts.getPreEmitDiagnostics(program)].map(sentence)
}

function sentence({ file, start, messageText }) {
  const text = ts.flattenDiagnosticMessageText(messageText, ' ')
  if (!file) return text
  const { line, character } = file.getLineAndCharacterOfPosition(start)
  return `${file.fileName}:${line + 1}:${character + 1}: ${text}`
}

/** Functions over 70 lines in the scripts below these folders. */
export function longFunctions(folders) {
  return folders.flatMap((folder) =>
    fs
      .readdirSync(folder, { recursive: true })
      .filter((name) => /\.(ts|mjs)$/.test(name) && !name.split(path.sep).some((part) => NOT_OURS.has(part)))
      .flatMap((name) => longOnes(path.join(folder, name))),
  )
}

function longOnes(name) {
  const file = ts.createSourceFile(name, fs.readFileSync(name, 'utf8'), ts.ScriptTarget.Latest, true)
  const line = (position) => file.getLineAndCharacterOfPosition(position).line + 1
  const found = []
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body) {
      const length = line(node.end) - line(node.getStart(file)) + 1
      if (length > FUNCTION_LINES) {
        found.push(`${name}:${line(node.getStart(file))}: a function of ${length} lines, ${FUNCTION_LINES} is the limit: find the steps in it`)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}
