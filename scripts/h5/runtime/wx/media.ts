/** Pictures: showing, choosing and saving them. */

import { asyncCall, Refused } from './call';
import { bytesOf, keep, saveAs } from './files';
import { pickImages } from './pick';
import { requirePrivacy } from './privacy';

interface ImageInfo {
  width: number;
  height: number;
  path: string;
  orientation: 'up';
  type: string;
}

/** The kind of picture in a content type: `image/svg+xml; charset=utf-8` → `svg`; `jpeg` where it names none. */
function extension(type: string): string {
  return /^image\/([a-z0-9]+)/.exec(type)?.[1] ?? 'jpeg';
}

function measured(path: string): Promise<HTMLImageElement> {
  return new Promise((done, failed) => {
    const image = new Image();
    image.onload = () => done(image);
    image.onerror = () => failed(new Refused('download image fail'));
    image.src = path;
  });
}

export const getImageInfo = asyncCall('getImageInfo', async ({ src }: { src: string }): Promise<ImageInfo> => {
  const blob = await bytesOf(src);
  const path = keep(blob);
  const { naturalWidth: width, naturalHeight: height } = await measured(path);
  return { width, height, path, orientation: 'up', type: extension(blob.type) };
});

/** A browser has no album: the picture is saved as a file. */
export const saveImageToPhotosAlbum = asyncCall(
  'saveImageToPhotosAlbum',
  async ({ filePath }: { filePath: string }): Promise<void> => {
    await requirePrivacy('saveImageToPhotosAlbum');
    const blob = await bytesOf(filePath);
    saveAs(blob, extension(blob.type).replace('jpeg', 'jpg'));
  },
);

interface PreviewOptions {
  urls: string[];
  current?: string | number;
}

export const previewImage = asyncCall('previewImage', async ({ urls, current }: PreviewOptions): Promise<void> => {
  if (!Array.isArray(urls) || urls.length === 0) throw new Refused('parameter error: urls is empty');
  const { showPictures } = await import('./viewer');
  const start = typeof current === 'string' ? urls.indexOf(current) : (current ?? 0);
  showPictures(urls, Math.max(0, start));
});

interface ChooseOptions {
  count?: number;
  sourceType?: string[];
}

export const chooseMedia = asyncCall('chooseMedia', async ({ count = 9 }: ChooseOptions) => {
  await requirePrivacy('chooseMedia');
  const files = await pickImages(count);
  return {
    type: 'image',
    tempFiles: files.map((file) => ({ tempFilePath: keep(file), size: file.size, fileType: 'image' })),
  };
});

interface CanvasOptions {
  canvas?: HTMLCanvasElement;
  fileType?: 'png' | 'jpg';
  quality?: number;
}

/** Takes canvases of type 2d, which are passed as nodes. */
export const canvasToTempFilePath = asyncCall('canvasToTempFilePath', async (options: CanvasOptions) => {
  const { canvas, fileType = 'png', quality } = options;
  if (!(canvas instanceof HTMLCanvasElement)) throw new Refused('invalid canvas');
  const type = fileType === 'jpg' ? 'image/jpeg' : 'image/png';
  const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, type, quality));
  if (!blob) throw new Refused('create bitmap failed');
  return { tempFilePath: keep(blob) };
});
