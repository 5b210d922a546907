/** index.html, the only HTML page of the shop. */

/**
 * @param {{ title: string, color: string, script: string, preload: string[] }} shop
 * `script` and `preload`: paths from the folder of index.html.
 * @returns {string} the text of index.html
 */
export function indexHtml({ title, color, script, preload }) {
  const preloads = preload.map((file) => `\n<link rel="modulepreload" href="${file}">`).join('');
  return `<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="tuisan" content="">
<meta name="theme-color" content="${color}">
<meta name="format-detection" content="telephone=no">
<title>${title}</title>
<link rel="icon" href="data:,">
<script type="module" src="${script}"></script>${preloads}
<body><noscript>请在浏览器设置中开启 JavaScript 后访问${title}。</noscript></body>
</html>
`;
}
