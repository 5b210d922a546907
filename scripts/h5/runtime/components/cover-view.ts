import { builtin } from '../core/builtin';
import { addStyle } from '../core/style';

addStyle(`
wx-cover-view { display: block }
wx-root-portal { display: contents }
`);

builtin('cover-view', {});

/** Pages stand in one stacking context here, so what is fixed stands over the page where it is. */
builtin('root-portal', { properties: { enable: Boolean } });
