/** The mini program's components: where they are registered, and what they see while they are. */

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

/** A page's or component's parts, as the builder found them. */
export interface Unit {
  config: adapter.types.ComponentStaticConfig;
  template: glassEasel.template.ComponentTemplate['content'];
  /** The prefix of its classes; none where it shares the page's. */
  scope?: string;
  style: string;
}

let current = '';

/** What `Component()` and `Page()` register from now on is the unit at `path`. Called at the head of each one's script. */
export function enter(path: string, unit: Unit): void {
  current = path;
  space.addComponentStaticConfig(path, unit.config);
  space.addCompiledTemplate(path, { content: unit.template });
  if (unit.scope) space.addStyleSheet(path, undefined, unit.scope);
  if (unit.style) addStyle(unit.style);
}

type Definition = adapter.types.GeneralComponentDefinition;
type Behaviors = (adapter.behavior.GeneralBehavior | string)[];

/** WeChat's own behaviors are named by strings; those the engine knows anyway are left out. */
function known<D extends { behaviors?: unknown }>(definition: D): D {
  const behaviors = ((definition.behaviors ?? []) as Behaviors)
    .map((one) => (typeof one === 'string' ? formFieldBehaviors(space)[one] : one))
    .filter((one) => one !== undefined);
  return { ...definition, behaviors };
}

const waiting: Host[] = [];

/** `ready` of all that was attached in one go: when it is complete, the inner ones first. */
function readySoon(host: Host): void {
  if (waiting.length === 0) queueMicrotask(flushReady);
  waiting.push(host);
}

/** Tell all attached components that they are ready. */
export function flushReady(): void {
  const hosts = waiting.splice(0).reverse();
  for (const host of hosts) {
    if (glassEasel.Element.isAttached(host)) host.triggerLifetime('ready', []);
  }
}

/** Make the globals of component scripts. */
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
