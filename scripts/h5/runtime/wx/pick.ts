/** The browser's file chooser. */

import { Refused } from './call';

/** Let the member choose up to `count` pictures. Throws Refused `cancel`. */
export function pickImages(count: number): Promise<File[]> {
  return new Promise((done, failed) => {
    const input = document.createElement('input');
    input.type = 'file';
    input.accept = 'image/*';
    input.multiple = count > 1;
    input.addEventListener('change', () => done(Array.from(input.files ?? []).slice(0, count)));
    input.addEventListener('cancel', () => failed(new Refused('cancel')));
    input.click();
  });
}
