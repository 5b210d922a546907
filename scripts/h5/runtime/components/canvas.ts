import { builtin, dom } from '../core/builtin';
import { addStyle } from '../core/style';

addStyle(`
wx-canvas { display: block; position: relative; width: 300px; height: 150px; overflow: hidden }
wx-canvas > canvas { display: block; width: 100%; height: 100% }
`);

/** The canvas that `fields({node: true})` returns, with the two extra functions that WeChat's canvas has. */
function canvas(): HTMLCanvasElement {
  return Object.assign(document.createElement('canvas'), {
    createImage: () => new Image(),
    requestAnimationFrame: (draw: FrameRequestCallback) => requestAnimationFrame(draw),
    cancelAnimationFrame: (id: number) => cancelAnimationFrame(id),
  });
}

builtin('canvas', {
  properties: { type: String, canvasId: String, disableScroll: Boolean },
  lifetimes: {
    created() {
      dom(this).append(canvas());
    },
  },
});
