import { builtin } from '../core/builtin';
import { addStyle } from '../core/style';

addStyle(`
wx-cover-view { display: block }
wx-root-portal { display: contents }
`);

builtin('cover-view', {});

/** Its children stay where they are: a page is one stacking context, so fixed elements already lie above the page. */
builtin('root-portal', { properties: { enable: Boolean } });
