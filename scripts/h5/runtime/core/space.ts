/** The registry of the mini program's pages and components, and the globals with which they register. */

import * as adapter from 'glass-easel-miniprogram-adapter';
import * as glassEasel from 'glass-easel';

import type { Host } from './builtin';
import { formFieldBehaviors } from './form-field';
import { addStyle } from './style';

const environment = new adapter.MiniProgramEnv();

/** All pages and components of the mini program. */
export const space = environment.createCodeSpace('', true);

/** Create the page at `url` on `context`. */
export function createRoot(context: glassEasel.GeneralBackendContext, url: string): adapter.Root {
  return associated(context).createRoot('page', space, url);
}

let backend: adapter.AssociatedBackend | null = null;

function associated(context: glassEasel.GeneralBackendContext): adapter.AssociatedBackend {
  return (backend ??= environment.associateBackend(context));
}

/** The engine's instance behind the `this` of a page or component. */
export function componentAt(caller: object): Host {
  return ((caller as { _$?: Host })._$ ?? caller) as Host;
}

/** What the builder found of a page or component. */
export interface Unit {
  config: adapter.types.ComponentStaticConfig;
  template: glassEasel.template.ComponentTemplate['content'];
  /** The prefix of its classes; none where it shares the page's classes. */
  scope?: string;
  style: string;
}

let current = '';

/** Make the unit at `path` the one that `Component()` and `Page()` register next. The builder puts this call before each script. */
export function enter(path: string, unit: Unit): void {
  current = path;
  space.addComponentStaticConfig(path, unit.config);
  space.addCompiledTemplate(path, { content: unit.template });
  if (unit.scope) space.addStyleSheet(path, undefined, unit.scope);
  if (unit.style) addStyle(unit.style);
}

type Definition = adapter.types.GeneralComponentDefinition;
type Behaviors = (adapter.behavior.GeneralBehavior | string)[];

/** `definition` with behaviors in place of the strings that name WeChat's own. Those that the engine has anyway are left out. */
function known<D extends { behaviors?: unknown }>(definition: D): D {
  const behaviors = ((definition.behaviors ?? []) as Behaviors)
    .map((one) => (typeof one === 'string' ? formFieldBehaviors(space)[one] : one))
    .filter((one) => one !== undefined);
  return { ...definition, behaviors };
}

const waiting: Host[] = [];

/** Let `host` be told that it is ready once everything attached together with it is complete. */
function readySoon(host: Host): void {
  if (waiting.length === 0) queueMicrotask(flushReady);
  waiting.push(host);
}

/** Tell all attached components that they are ready, the inner ones first. */
export function flushReady(): void {
  const hosts = waiting.splice(0).reverse();
  for (const host of hosts) {
    if (glassEasel.Element.isAttached(host)) host.triggerLifetime('ready', []);
  }
}

/** Define the globals that scripts of pages and components use. */
export function defineConstructors(): void {
  const everyComponent = space.getComponentSpace().defineBehavior({
    lifetimes: {
      attached() {
        readySoon(componentAt(this));
      },
    },
  });
  space.setOverallBehavior(everyComponent as unknown as glassEasel.GeneralBehavior);
  Object.assign(globalThis, {
    Component: (definition: Definition) => space.component(current).definition(known(definition)).register(),
    Page: (definition: adapter.types.PageDefinition<Record<string, unknown>, Record<string, unknown>>) =>
      space.component(current).pageDefinition(known(definition)).register(),
    Behavior: (definition: Definition) => space.behavior().definition(known(definition)).register(),
  });
}
