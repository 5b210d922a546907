import { builtin } from '../core/builtin';
import { addStyle } from '../core/style';

addStyle(`
wx-view { display: block }
`);

builtin('view', {});
