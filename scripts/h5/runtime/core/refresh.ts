/** Pulling down, from code. */

import { topFrame } from './pages';

/** As if the page on top had been pulled down. */
export function startPullDownRefresh(): void {
  topFrame()?.pullDown.start();
}

export function stopPullDownRefresh(): void {
  topFrame()?.pullDown.stop();
}
