/** All of WeChat's built-in tags. */

import './button';
import './canvas';
import './choices';
import './cover-view';
import './form';
import './image';
import './input';
import './navigator';
import './picker';
import './rich-text';
import './scroll-view';
import './small';
import './swiper';
import './text';
import './textarea';
import './view';
