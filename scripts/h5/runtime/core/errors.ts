/** Where every error ends: in a list for tests, on the console, and in `App.onError`. */

import * as glassEasel from 'glass-easel';

declare global {
  interface Window {
    /** The messages of all errors since the start; tests read them. */
    __errors: string[];
  }
}

window.__errors = [];

let tellApp: (message: string) => void = () => undefined;

/** Call `listener` with the message of every error from now on. */
export function errorsTo(listener: (message: string) => void): void {
  tellApp = listener;
}

/** Record `error` in all these places. */
export function report(error: unknown): void {
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  window.__errors.push(message);
  console.error(error);
  tellApp(message);
}

/** Report whatever pages and the engine throw. */
export function watchErrors(): void {
  glassEasel.addGlobalErrorListener((error) => {
    report(error);
    return false;
  });
  // The engine warns about attributes that a component does not declare. WeChat ignores them without a word.
  glassEasel.addGlobalWarningListener(() => false);
  window.addEventListener('error', (event) => {
    if (event.error !== undefined && event.error !== null) report(event.error);
  });
}
