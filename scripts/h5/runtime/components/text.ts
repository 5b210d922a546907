import { builtin, dom } from '../core/builtin';
import { addStyle } from '../core/style';

addStyle(`
wx-text { display: inline; white-space: pre-line }
wx-text.wx-text-selectable { user-select: text; -webkit-user-select: text }
`);

builtin('text', {
  properties: {
    selectable: Boolean,
    userSelect: Boolean,
    space: String,
    decode: Boolean,
  },
  observers: {
    'selectable, userSelect': function select(selectable: boolean, userSelect: boolean) {
      dom(this).classList.toggle('wx-text-selectable', selectable || userSelect);
    },
    space(kind: string) {
      dom(this).style.whiteSpace = kind ? 'pre-wrap' : '';
    },
  },
});
