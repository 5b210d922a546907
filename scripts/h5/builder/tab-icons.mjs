/**
 * Draws the tab bar's pictures, miniprogram/assets/tabs/*.png, from TDesign's shapes: WeChat takes only PNG there.
 * Run by hand when a shape or colour changes: `node scripts/h5/builder/tab-icons.mjs`. Needs Chromium ($CHROMIUM, else `chromium`).
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SIZE_PX = 81;
const MARGIN_PX = 9;
const MAX_BYTES = 10_000;
const [PLAIN, CHOSEN] = ['#63554C', '#C8371F'];
const SHAPES = new URL('src/', import.meta.resolve('tdesign-icons-svg/package.json'));
const OUT = new URL('../../../miniprogram/assets/tabs/', import.meta.url);

/** A ring with three people on it, which TDesign lacks; `filled` is the variant for the chosen tab. */
function ring(filled) {
  const people = [[12, 4], [19.4, 16.8], [4.6, 16.8]].map(([x, y]) => `<circle cx="${x}" cy="${y}" r="3" ${look(filled)}/>`);
  const arcs = '<path stroke="currentColor" stroke-width="2" fill="none" d="M16.8 5.8A9 9 0 0 1 20.9 12.2M15.3 20.4A9 9 0 0 1 8.7 20.4M3.1 12.2A9 9 0 0 1 7.2 5.8"/>';
  const middle = filled ? '<circle cx="12" cy="12.6" r="3.4" fill="currentColor"/>' : '';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none">${arcs}${people.join('')}${middle}</svg>`;
}

function look(filled) {
  return `stroke="currentColor" stroke-width="2" fill="${filled ? 'currentColor' : 'none'}"`;
}

/** TDesign's drawing as a picture of its own: with `viewBox` spelled as SVG does, and without a size in em. */
function shape(name) {
  return readFileSync(new URL(`${name}.svg`, SHAPES), 'utf8')
    .replace('view-box', 'viewBox')
    .replace(/ (?:width|height)="1em"/g, '');
}

function drawings() {
  const tabs = { home: 'home', category: 'app', cart: 'cart', mine: 'user' };
  const all = { referral: ring(false), 'referral-on': ring(true) };
  for (const [tab, name] of Object.entries(tabs)) {
    all[tab] = shape(name);
    all[`${tab}-on`] = shape(`${name}-filled`);
  }
  return Object.entries(all).map(([name, svg]) => {
    const sized = svg.replace('<svg', `<svg width="${SIZE_PX}" height="${SIZE_PX}" stroke-linejoin="round"`);
    return [name, sized.replaceAll('currentColor', name.endsWith('-on') ? CHOSEN : PLAIN)];
  });
}

/** An HTML page that draws each shape on a canvas and writes the pictures into its text, which `--dump-dom` prints. */
function page(shapes) {
  return `<meta charset="utf-8"><pre></pre><script>
    const inner = ${SIZE_PX - 2 * MARGIN_PX}
    Promise.all(${JSON.stringify(shapes)}.map(async ([name, svg]) => {
      const picture = new Image()
      picture.src = 'data:image/svg+xml,' + encodeURIComponent(svg)
      await picture.decode()
      const canvas = Object.assign(document.createElement('canvas'), { width: ${SIZE_PX}, height: ${SIZE_PX} })
      canvas.getContext('2d').drawImage(picture, ${MARGIN_PX}, ${MARGIN_PX}, inner, inner)
      return [name, canvas.toDataURL('image/png').split(',')[1]]
    })).then((drawn) => { document.querySelector('pre').textContent = JSON.stringify(drawn) })
  </script>`;
}

const room = mkdtempSync(join(tmpdir(), 'icons-'));
try {
  const file = join(room, 'icons.html');
  writeFileSync(file, page(drawings()));
  const flags = ['--headless', '--no-sandbox', '--disable-gpu', '--virtual-time-budget=5000', '--dump-dom'];
  const printed = execFileSync(process.env.CHROMIUM ?? 'chromium', [...flags, `file://${file}`], { encoding: 'utf8' });
  const drawn = /<pre>(.+)<\/pre>/s.exec(printed)?.[1];
  if (!drawn) throw new Error('Chromium drew nothing');
  for (const [name, base64] of JSON.parse(drawn)) {
    const bytes = Buffer.from(base64, 'base64');
    if (bytes.length > MAX_BYTES) throw new Error(`${name}.png has ${bytes.length} bytes, at most ${MAX_BYTES} are wanted`);
    writeFileSync(fileURLToPath(new URL(`${name}.png`, OUT)), bytes);
    console.log(`${name}.png ${bytes.length} B`);
  }
} finally {
  rmSync(room, { recursive: true });
}
