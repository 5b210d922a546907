/** The nodes of `rich-text`: WeChat's arrays or HTML, reduced to tags and attributes that are safe. */

import { assetUrl } from '../core/assets';
import { withUnits } from '../core/style';
import { allowed, SILENT, TAGS } from './rich-safety';

interface RichNode {
  type?: 'node' | 'text';
  text?: string;
  name?: string;
  attrs?: Record<string, unknown>;
  children?: RichNode[];
}

/** Attributes that have another meaning here than in HTML. */
const READ: Record<string, (value: string) => string> = { style: withUnits, src: (value) => assetUrl(value.trim()) };

function element(name: string, attributes: Iterable<[string, string]>, children: Node): Node {
  if (!TAGS.has(name)) return SILENT.has(name) ? document.createTextNode('') : children;
  const made = document.createElement(name);
  for (const [key, value] of attributes) {
    if (allowed(key, value)) made.setAttribute(key, READ[key]?.(value) ?? value);
  }
  if (made instanceof HTMLImageElement) {
    made.alt ||= '';
    made.loading = 'lazy';
  }
  made.append(children);
  return made;
}

const NAMES: Record<string, string> = { nbsp: '\u00a0', lt: '<', gt: '>', amp: '&', quot: '"', apos: "'", ensp: '\u2002', emsp: '\u2003' };

function plain(text: string): string {
  return text.replace(/&(\w+);/g, (whole, name: string) => NAMES[name] ?? whole);
}

function fromNodes(nodes: RichNode[]): DocumentFragment {
  const fragment = document.createDocumentFragment();
  for (const node of nodes) {
    if (node.type === 'text') fragment.append(plain(String(node.text ?? '')));
    else {
      const attributes = Object.entries(node.attrs ?? {}).map(([name, value]): [string, string] => [name, String(value)]);
      fragment.append(element(String(node.name ?? 'div').toLowerCase(), attributes, fromNodes(node.children ?? [])));
    }
  }
  return fragment;
}

function fromDom(parent: Node): DocumentFragment {
  const fragment = document.createDocumentFragment();
  for (const node of parent.childNodes) {
    if (node instanceof Text) fragment.append(node.data);
    else if (node instanceof Element) {
      const attributes = Array.from(node.attributes, ({ name, value }): [string, string] => [name, value]);
      fragment.append(element(node.localName, attributes, fromDom(node)));
    }
  }
  return fragment;
}

/** The DOM for `nodes`. HTML is parsed in a document that runs no scripts and loads nothing. */
export function draw(nodes: unknown): DocumentFragment {
  if (Array.isArray(nodes)) return fromNodes(nodes as RichNode[]);
  return fromDom(new DOMParser().parseFromString(String(nodes ?? ''), 'text/html').body);
}
