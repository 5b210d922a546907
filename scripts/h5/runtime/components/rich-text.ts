import { builtin, dom, fire, type Host } from '../core/builtin';
import { addStyle } from '../core/style';

addStyle(`
wx-rich-text { display: block; overflow-wrap: anywhere }
wx-rich-text img { max-width: 100%; height: auto; vertical-align: top }
`);

/** Show the tag's nodes. If they change while the drawing code loads, only the newest are shown. */
async function show(host: Host): Promise<void> {
  const { draw } = await import('./rich-nodes');
  if (!host.$$) return;
  const { nodes, space } = host.data as { nodes: unknown; space: string };
  dom(host).replaceChildren(draw(nodes));
  dom(host).style.whiteSpace = space ? 'pre-wrap' : '';
}

builtin('rich-text', {
  properties: { nodes: null, space: String, userSelect: Boolean, mode: String },
  observers: {
    'nodes, space': function render() {
      void show(this as unknown as Host);
    },
    userSelect(select: boolean) {
      dom(this).style.userSelect = select ? 'text' : '';
    },
  },
  lifetimes: {
    created() {
      const host = this as unknown as Host;
      dom(this).addEventListener('click', ({ target }) => {
        if (target instanceof HTMLImageElement) fire(host, 'imagetap', { src: target.src });
      });
    },
  },
});
