/** Addresses of pages (`pages/product/index?id=12`), split into route and query. Values stay encoded, as in WeChat. */

export interface Address {
  route: string;
  query: Record<string, string>;
  /** Route and query together, without a leading slash. */
  url: string;
}

/** The address that `url` names. A relative `url` starts from the page at `from`. */
export function addressOf(url: string, from = ''): Address {
  const [path = '', search = ''] = url.split(/\?(.*)/s);
  const parts = path.startsWith('/') || from === '' ? [] : from.split('/').slice(0, -1);
  for (const part of path.replace(/\.html$/, '').split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const route = parts.join('/');
  return { route, query: queryOf(search), url: search ? `${route}?${search}` : route };
}

function queryOf(search: string): Record<string, string> {
  const pairs = search.split('&').filter(Boolean);
  return Object.fromEntries(pairs.map((pair) => pair.split(/=(.*)/s)).map(([name = '', value = '']) => [name, value]));
}
