/** Whether statements end in semicolons, as TypeScript's own formatter sees it. */

import ts from 'typescript';

/** TypeScript calls the two styles so. */
const STYLE = { with: ts.SemicolonPreference.Insert, without: ts.SemicolonPreference.Remove };

/** In `{ width: number }` the formatter would have a semicolon before the brace; both styles do without it. */
const BEFORE_BRACE = /^;?[ \t]*\}/;

/**
 * Where `text` ends a statement otherwise than `style` wants it.
 * @param {string} name the file's name; its suffix says whether it is TypeScript or JavaScript
 * @param {string} text
 * @param {'with' | 'without'} style
 * @returns {{ start: number, length: number, newText: string }[]} the changes that put it right, in order
 */
export function strayEnds(name, text, style) {
  const service = ts.createLanguageService(hostOf(name, text), undefined, ts.LanguageServiceMode.Syntactic);
  const settings = { ...ts.getDefaultFormatCodeSettings('\n'), semicolons: STYLE[style] };
  return service
    .getFormattingEditsForDocument(name, settings)
    .map(({ span, newText }) => ({ ...span, newText }))
    .filter(({ start, length, newText }) => (newText === ';') !== (text.slice(start, start + length) === ';'))
    .filter(({ start }) => !BEFORE_BRACE.test(text.slice(start)));
}

/** One file, which is all that the formatter asks for. @param {string} name @param {string} text @returns {ts.LanguageServiceHost} */
function hostOf(name, text) {
  return {
    getCompilationSettings: () => ({ allowJs: true }),
    getCurrentDirectory: () => '/',
    getDefaultLibFileName: () => '',
    getScriptFileNames: () => [name],
    getScriptSnapshot: () => ts.ScriptSnapshot.fromString(text),
    getScriptVersion: () => '',
    fileExists: (file) => file === name,
    readFile: () => text,
  };
}
