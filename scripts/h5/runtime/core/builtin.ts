/** How WeChat's built-in tags (`view`, `button`, `input`…) are defined. */

import * as glassEasel from 'glass-easel';

type Properties = glassEasel.typeUtils.PropertyList;
type Data = glassEasel.typeUtils.DataList;
type Methods = glassEasel.typeUtils.MethodList;

/** An instance of any component, as glass-easel knows it. */
export type Host = glassEasel.GeneralComponent;

type Definition<D extends Data, P extends Properties, M extends Methods> = glassEasel.typeUtils.ComponentParams<D, P, M> &
  ThisType<glassEasel.Component<D, P, M> & M>;

/** Built-in tags have a space of their own: only their templates can use plain HTML elements. */
const builtins = new glassEasel.ComponentSpace();
const tags = new Map<string, glassEasel.GeneralComponentDefinition>();

/** Attributes that assistive technology reads, in WXML's spelling: `aria-label`, `aria-role`, … */
const ARIA = [
  'atomic', 'busy', 'checked', 'controls', 'current', 'describedby', 'disabled', 'expanded', 'haspopup', 'hidden', 'invalid',
  'label', 'labelledby', 'level', 'live', 'modal', 'orientation', 'owns', 'posinset', 'pressed', 'readonly', 'required',
  'selected', 'setsize', 'sort', 'valuemax', 'valuemin', 'valuenow', 'valuetext',
] as const;

const ROLES_BY_KEYBOARD = new Set(['button', 'link', 'tab', 'checkbox', 'radio', 'switch', 'menuitem', 'option']);

function ariaProperty(name: string): string {
  return `aria${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}

function writeAttribute(element: HTMLElement, name: string, value: unknown): void {
  if (value === null || value === undefined || value === '') element.removeAttribute(name);
  else element.setAttribute(name, String(value));
}

/** Give `element` the role `role`. A role that can be tapped makes it reachable by keyboard. */
function writeRole(element: HTMLElement, role: string): void {
  writeAttribute(element, 'role', role);
  writeAttribute(element, 'tabindex', ROLES_BY_KEYBOARD.has(role) ? 0 : null);
}

/** Properties and observers that every built-in tag has besides its own. */
function commonDefinition(): glassEasel.typeUtils.ComponentParams<Data, Properties, Methods> {
  const properties: Record<string, unknown> = {
    ariaRole: String,
    role: String,
    hidden: Boolean,
    hoverClass: { type: String, value: 'none' },
    hoverStartTime: { type: Number, value: 50 },
    hoverStayTime: { type: Number, value: 400 },
    hoverStopPropagation: Boolean,
    tabindex: null,
    animation: null,
  };
  const observers: Observers = {
    ariaRole(value) {
      writeRole(dom(this), String(value));
    },
    role(value) {
      writeRole(dom(this), String(value));
    },
    hidden(value) {
      dom(this).hidden = Boolean(value);
    },
    tabindex(value) {
      writeAttribute(dom(this), 'tabindex', value);
    },
  };
  for (const name of ARIA) {
    properties[ariaProperty(name)] = null;
    observers[ariaProperty(name)] = function write(value) {
      writeAttribute(dom(this), `aria-${name}`, value);
    };
  }
  return { properties: properties as Properties, observers: whileShown(observers) } as glassEasel.typeUtils.ComponentParams<Data, Properties, Methods>;
}

const common = builtins.defineBehavior(commonDefinition());

type Observers = Record<string, (this: Host, ...values: unknown[]) => void>;

/** `observers` that do nothing on a closed page: a late answer may still set its data, but its elements are gone. */
function whileShown(observers: Observers = {}): Observers {
  const entries = Object.entries(observers).map(([fields, observe]) => {
    const guarded: typeof observe = function guarded(...values) {
      if (this.$$) observe.apply(this, values);
    };
    return [fields, guarded] as const;
  });
  return Object.fromEntries(entries);
}

/** The DOM element of a built-in tag's instance: `<wx-view>` for `view`. */
export function dom(host: { $$: unknown }): HTMLElement {
  return host.$$ as HTMLElement;
}

/** Fire the event `name` at a built-in tag. It does not bubble: in WeChat only touch events do. */
export function fire(host: glassEasel.Element | { triggerEvent: Host['triggerEvent'] }, name: string, detail: unknown = {}): void {
  (host as Host).triggerEvent(name, detail, { bubbles: false, composed: false });
}

/**
 * Define the built-in tag `tag`; `definition` has the form of a mini program's `Component`. `this.$$` is the tag's
 * element and exists when `created` runs. The tag's children become that element's own children.
 */
export function builtin<D extends Data = Empty, P extends Properties = Empty, M extends Methods = Empty>(
  tag: string,
  definition: Definition<D, P, M>,
): void {
  const observers = whileShown(definition.observers as Observers | undefined);
  const whole = { ...definition, observers, is: tag, behaviors: [common, ...(definition.behaviors ?? [])] };
  tags.set(tag, builtins.defineComponent(whole as Definition<D, P, M>) as unknown as glassEasel.GeneralComponentDefinition);
}

type Empty = Record<never, never>;

/** Let the components of `space` use all built-in tags defined so far. */
export function provideBuiltins(space: glassEasel.ComponentSpace): void {
  for (const [tag, definition] of tags) space.setGlobalUsingComponent(tag, definition);
}

/** The component instance of `element`, or of the nearest element around it that has one; null outside of pages. */
export function instanceAt(element: Element | null): Host | null {
  let found: Element | null = element;
  while (found && !(found as Owned).__wxElement) found = found.parentElement;
  return ((found as Owned | null)?.__wxElement as Host | undefined) ?? null;
}

interface Owned extends Element {
  __wxElement?: glassEasel.Element;
}

/** The nearest built-in `tag` around `host` in the document, across slots and components; null where there is none. */
export function ancestor(host: { $$: unknown }, tag: string): Host | null {
  return instanceAt(dom(host).parentElement?.closest(`wx-${tag}`) ?? null);
}

/** Every built-in `tag` inside `host`, across slots and components, in the order of the document. */
export function descendants(host: { $$: unknown }, tag: string): Host[] {
  return Array.from(dom(host).querySelectorAll(`wx-${tag}`), (element) => (element as Owned).__wxElement as Host);
}
