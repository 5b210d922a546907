/** Where every error ends: kept for tests, shown on the console, told to the app. */

import * as glassEasel from 'glass-easel';

declare global {
  interface Window {
    /** Messages of all errors since the start. */
    __errors: string[];
  }
}

window.__errors = [];

let tellApp: (message: string) => void = () => undefined;

/** Let the app hear of errors from now on. */
export function errorsTo(listener: (message: string) => void): void {
  tellApp = listener;
}

/** Record `error`. */
export function report(error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  window.__errors.push(message);
  console.error(error);
  tellApp(message);
}

/** Catch what pages and the engine throw. */
export function watchErrors(): void {
  glassEasel.addGlobalErrorListener((error) => {
    report(error);
    return false;
  });
  // The engine warns of attributes that a component does not declare; WeChat passes over them in silence.
  glassEasel.addGlobalWarningListener(() => false);
  window.addEventListener('error', (event) => {
    if (event.error !== undefined && event.error !== null) report(event.error);
  });
}
