import { Failure, fromWx, unheard } from '../../../../lib/failure'
import { absolute } from '../../../../lib/transport'

const REFUSED = /auth ?deny|auth denied|authorize no response/i

/** Download a picture of the server to the device; returns its path. */
export function download(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    wx.downloadFile({
      url: absolute(path),
      success: ({ statusCode, tempFilePath }) =>
        statusCode === 200 ? resolve(tempFilePath) : reject(unheard('unavailable')),
      fail: (error) => reject(fromWx(error)),
    })
  })
}

/** Save to the album; returns whether it was saved. If access was refused before, open the settings and try again. */
export async function toAlbum(file: string): Promise<boolean> {
  const said = await save(file)
  if (said === '') return true
  if (said.includes('cancel')) return false
  if (!REFUSED.test(said)) throw new Failure('unavailable', 'album', '没有保存成功，可以长按图片保存')
  const { confirm } = await wx.showModal({
    title: '需要相册权限',
    content: '在设置里允许「添加到相册」后，海报才能保存到手机',
    confirmText: '去设置',
  })
  if (!confirm) return false
  const { authSetting } = await wx.openSetting()
  if (!authSetting['scope.writePhotosAlbum']) return false
  return (await save(file)) === ''
}

/** Why it was not saved, '' if it was. */
function save(filePath: string): Promise<string> {
  return new Promise((resolve) => {
    wx.saveImageToPhotosAlbum({ filePath, success: () => resolve(''), fail: ({ errMsg }) => resolve(errMsg || 'fail') })
  })
}
