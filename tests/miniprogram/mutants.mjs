/**
 * Plants the defects of `mutants/*.json` one by one in a copy of the mini program, and runs the tests that must notice
 * them: `node tests/miniprogram/mutants.mjs [--list] [--changed[=COMMIT]] [part of a path ...]`. `--list` only prints what
 * would be planted. `--changed`: only if the file, its tests or the entry differ from a commit, by default the last one.
 * The exit code is 1 if a defect was not caught, 2 if the tests fail without any defect.
 */

import { spawnSync } from 'node:child_process'

import { LISTS, decoded, listed } from './mutants/list.mjs'
import { copied, escaped, pass } from './mutants/plant.mjs'
import { project } from './support/load.mjs'

/** The output of git with these arguments. Throws if git fails, for example because the commit does not exist. */
function git(...words) {
  const { status, stdout, stderr } = spawnSync('git', words, { cwd: project, encoding: 'utf8' })
  if (status !== 0) throw new Error(`git ${words.join(' ')}: ${stderr}`)
  return stdout
}

const lines = (text) => text.split('\n').filter(Boolean)

/** Whether a defect's file, tests or entry differ from those of `commit`; new files do. */
function changedSince(commit) {
  const files = new Set([...lines(git('diff', '--name-only', commit)), ...lines(git('ls-files', '--others', '--exclude-standard'))])
  const lists = lines(git('ls-tree', '-r', '--name-only', commit, '--', LISTS)).filter((name) => name.endsWith('.json'))
  const before = new Set(lists.flatMap((name) => decoded(git('show', `${commit}:${name}`))).map((one) => JSON.stringify(one)))
  return (mutant) => !before.has(JSON.stringify(mutant)) || [mutant.file, ...mutant.tests].some((name) => files.has(name))
}

/** The defects chosen on the command line. */
function chosen(words) {
  const parts = words.filter((word) => !word.startsWith('--'))
  const flag = words.find((word) => word.startsWith('--changed'))
  const isChanged = flag ? changedSince(flag.split('=')[1] ?? 'HEAD') : () => true
  return listed().filter((mutant) => (!parts.length || parts.some((part) => mutant.file.includes(part))) && isChanged(mutant))
}

const said = ({ file, find, replace, why }) => `${file}: ${JSON.stringify(find)} -> ${JSON.stringify(replace)}: ${why}`

async function run(mutants) {
  const copy = copied()
  if (mutants.length && !pass(copy, [...new Set(mutants.flatMap(({ tests }) => tests))])) {
    console.error('the tests fail without any defect: mend that first')
    return 2
  }
  let caught = 0
  for (const mutant of mutants) {
    const trouble = await escaped(copy, mutant)
    if (trouble) console.error(`${said(mutant)} ${trouble}`)
    else caught += 1
  }
  console.log(`${caught} of ${mutants.length} planted defects were caught`)
  return caught === mutants.length ? 0 : 1
}

const words = process.argv.slice(2)
if (words.includes('--list')) for (const mutant of chosen(words)) console.log(said(mutant))
else process.exitCode = await run(chosen(words))
