/** Helpers that make DOM elements. */

type Child = Node | string | null;

/** A new element `tag` of class `className` with `children`. Children that are null or empty are left out. */
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

/** A new button with the text `label` that calls `act` when clicked. */
export function button(className: string, label: string, act: () => void): HTMLButtonElement {
  const element = h('button', className, label);
  element.type = 'button';
  element.addEventListener('click', act);
  return element;
}
