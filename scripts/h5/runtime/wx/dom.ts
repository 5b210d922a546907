/** Building small pieces of DOM. */

type Child = Node | string | null;

/** An element of class `className` with `children`; empty children are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children.filter((child): child is Node | string => child !== null && child !== ''));
  return element;
}

/** A plain button that says `label` and does `act`. */
export function button(className: string, label: string, act: () => void): HTMLButtonElement {
  const element = h('button', className, label);
  element.type = 'button';
  element.addEventListener('click', act);
  return element;
}
