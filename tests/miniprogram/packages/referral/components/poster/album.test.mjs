/** Saving a poster from the server to the album. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../../../../support/load.mjs'
import { Phone } from '../../../../support/phone.mjs'

const { album, config } = await load({ album: 'packages/referral/components/poster/album.ts', config: 'config.ts' })
let said
let saved

/** A phone whose album gives these answers one after the other, '' for success; the member confirms and allows `album`. */
function phone(answers, { confirm = true, allowed = true } = {}) {
  wx.saveImageToPhotosAlbum = ({ filePath, success, fail }) => {
    saved.push(filePath)
    const errMsg = answers[saved.length - 1]
    if (errMsg === '') success({})
    else fail({ errMsg })
  }
  wx.showModal = async () => {
    said.push('asked')
    return { confirm }
  }
  wx.openSetting = async () => {
    said.push('settings')
    return { authSetting: { 'scope.writePhotosAlbum': allowed } }
  }
}

beforeEach(() => {
  new Phone()
  said = []
  saved = []
})

test('a picture is a file on the device', async () => {
  let url = ''
  wx.downloadFile = (options) => {
    url = options.url
    options.success({ statusCode: 200, tempFilePath: 'tmp://p' })
  }
  assert.deepEqual([await album.download('/api/shares/A/poster.png'), url], ['tmp://p', `${config.baseUrl}/api/shares/A/poster.png`])
})

test('a picture that is not there is no file', async () => {
  wx.downloadFile = ({ success }) => success({ statusCode: 404, tempFilePath: 'tmp://p' })
  await assert.rejects(album.download('/x'), { kind: 'unavailable' })
  wx.downloadFile = ({ fail }) => fail({ errMsg: 'downloadFile:fail timeout' })
  await assert.rejects(album.download('/x'), { kind: 'timeout' })
})

test('saved at once', async () => {
  phone([''])
  assert.deepEqual([await album.toAlbum('tmp://p'), saved, said], [true, ['tmp://p'], []])
})

test('who cancels is not asked anything', async () => {
  phone(['saveImageToPhotosAlbum:fail cancel'])
  assert.deepEqual([await album.toAlbum('tmp://p'), said], [false, []])
})

for (const denied of ['fail auth deny', 'fail:auth denied', 'fail authorize no response']) {
  test(`after “${denied}” the settings open, and it is tried once more`, async () => {
    phone([denied, ''])
    assert.deepEqual([await album.toAlbum('tmp://p'), saved.length, said], [true, 2, ['asked', 'settings']])
  })
}

test('who does not want to, or still does not allow it, has no picture', async () => {
  phone(['fail auth deny', ''], { confirm: false })
  assert.deepEqual([await album.toAlbum('tmp://p'), said], [false, ['asked']])
  phone(['', 'fail auth deny', ''], { allowed: false })
  assert.equal(await album.toAlbum('tmp://p'), false)
  assert.equal(saved.length, 2)
})

test('a second failure is no success', async () => {
  phone(['fail auth deny', 'fail'])
  assert.equal(await album.toAlbum('tmp://p'), false)
})

test('any other trouble is told', async () => {
  phone([undefined])
  await assert.rejects(album.toAlbum('tmp://p'), { code: 'album', message: '没有保存成功，可以长按图片保存' })
})
