/** wx.openDocument: a browser has no reader for documents, so they are saved as files. */

import { asyncCall } from './call';
import { bytesOf, saveAs } from './files';

interface DocumentOptions {
  filePath: string;
  fileType?: string;
}

export const openDocument = asyncCall('openDocument', async ({ filePath, fileType }: DocumentOptions): Promise<void> => {
  saveAs(await bytesOf(filePath), fileType ?? 'bin');
});
