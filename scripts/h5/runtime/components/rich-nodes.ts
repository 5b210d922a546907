/** Nodes of `rich-text`: WeChat's arrays, or HTML, with trusted tags and attributes only. */

import { assetUrl } from '../core/assets';
import { withUnits } from '../core/style';

interface RichNode {
  type?: 'node' | 'text';
  text?: string;
  name?: string;
  attrs?: Record<string, unknown>;
  children?: RichNode[];
}

const TAGS = new Set(
  ('a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del div dl dt em fieldset ' +
    'font footer h1 h2 h3 h4 h5 h6 header hr i img ins label legend li mark nav ol p pre q rt ruby s section small span ' +
    'strong sub sup table tbody td tfoot th thead tr tt u ul').split(' '),
);

/** Tags whose text is no text for people. */
const SILENT = new Set(['script', 'style', 'template', 'noscript', 'iframe', 'object', 'title']);

const ATTRIBUTES = new Set(['class', 'style', 'alt', 'src', 'width', 'height', 'colspan', 'rowspan', 'span', 'start', 'type', 'dir', 'align', 'color', 'size']);

/** What may stand in an attribute; null for what may not. `javascript:` and its kind are no pictures. */
export function allowed(name: string, value: string): string | null {
  if (!ATTRIBUTES.has(name)) return null;
  if (name === 'style') return /expression|url\s*\(/i.test(value) ? null : withUnits(value);
  if (name !== 'src') return value;
  return /^(?:https?:|\/|blob:|data:image\/|[\w-]+\/)/i.test(value.trim()) ? assetUrl(value.trim()) : null;
}

function element(name: string, attributes: Iterable<[string, string]>, children: Node): Node {
  if (!TAGS.has(name)) return SILENT.has(name) ? document.createTextNode('') : children;
  const made = document.createElement(name);
  for (const [key, value] of attributes) {
    const good = allowed(key, value);
    if (good !== null) made.setAttribute(key, good);
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

/** Draw what `nodes` says. HTML is parsed in a document that runs nothing and loads nothing. */
export function draw(nodes: unknown): DocumentFragment {
  if (Array.isArray(nodes)) return fromNodes(nodes as RichNode[]);
  return fromDom(new DOMParser().parseFromString(String(nodes ?? ''), 'text/html').body);
}
