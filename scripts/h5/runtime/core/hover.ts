/** `hover-class`: the classes that an element has while it is pressed. */

import type * as glassEasel from 'glass-easel';

import { instanceAt, type Host } from './builtin';

interface HoverData {
  hoverClass?: string;
  hoverStartTime?: number;
  hoverStayTime?: number;
  hoverStopPropagation?: boolean;
  disabled?: boolean;
}

function dataOf(host: glassEasel.Element): HoverData {
  return (host as Host).data as HoverData;
}

/** `target` and the elements around it that have a hover class, up to one with `hover-stop-propagation`. */
function* hovered(target: Element): Generator<Host> {
  for (let at: Element | null = target; at; at = at.parentElement) {
    const host = instanceAt(at);
    if (!host || host.$$ !== (at as unknown)) continue;
    const { hoverClass, hoverStopPropagation, disabled } = dataOf(host) ?? {};
    if (hoverClass && hoverClass !== 'none' && !disabled) {
      yield host;
      if (hoverStopPropagation) return;
    }
  }
}

let starting: number[] = [];
let shown: Host[] = [];

function toggle(host: Host, on: boolean): void {
  for (const name of (dataOf(host).hoverClass ?? '').split(/\s+/)) host.toggleNodeClass(name, on);
}

export const hover = {
  /** A finger went down on `target`: show the hover classes after their start time. */
  begin(target: Element): void {
    hover.cancel();
    starting = Array.from(hovered(target), (host) =>
      window.setTimeout(() => {
        shown.push(host);
        toggle(host, true);
      }, dataOf(host).hoverStartTime),
    );
  },
  /** The finger moved on: take the hover classes away at once. */
  cancel(): void {
    for (const timer of starting.splice(0)) window.clearTimeout(timer);
    for (const host of shown.splice(0)) toggle(host, false);
  },
  /** The finger went up: take the hover classes away after their stay time. */
  end(): void {
    for (const timer of starting.splice(0)) window.clearTimeout(timer);
    for (const host of shown.splice(0)) window.setTimeout(() => toggle(host, false), dataOf(host).hoverStayTime);
  },
};
