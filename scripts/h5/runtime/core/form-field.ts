/** The behavior `wx://form-field`, which makes a page's own component a field of a form. */

import type * as adapter from 'glass-easel-miniprogram-adapter';
import type * as glassEasel from 'glass-easel';

import { dom, instanceAt, type Host } from './builtin';

type Behaviors = Record<string, adapter.behavior.GeneralBehavior | undefined>;

let behaviors: Behaviors | null = null;

/** The behaviors that code names by strings, as in WeChat. */
export function formFieldBehaviors(space: adapter.CodeSpace): Behaviors {
  if (!behaviors) {
    const field = space
      .behavior()
      .definition({ properties: { name: { type: String }, value: { type: null } } })
      .register() as unknown as adapter.behavior.GeneralBehavior;
    behaviors = { 'wx://form-field': field };
  }
  return behaviors;
}

/** Names and values of the fields inside `form` that are components of pages. */
export function customFields(form: { $$: unknown }): { name: string; value: unknown }[] {
  const field = behaviors?.['wx://form-field'] as { _$: glassEasel.GeneralBehavior } | undefined;
  if (!field) return [];
  const hosts = Array.from(dom(form).querySelectorAll('*'), (element) => [element, instanceAt(element)] as const)
    .filter(([element, host]) => host !== null && host.$$ === (element as unknown) && host.hasBehavior(field._$))
    .map(([, host]) => host as Host);
  return hosts.map((host) => host.data as { name: string; value: unknown }).filter(({ name }) => name);
}
