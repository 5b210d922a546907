/** One request and one answer: what is sent, and what each answer means. */

import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { load } from '../support/load.mjs'
import { Phone, lost, ok, refused } from '../support/phone.mjs'

const { absolute, send } = await load('lib/transport.ts')
const { baseUrl } = await load('config.ts')
let phone

beforeEach(() => {
  phone = new Phone()
})

const failing = (sent) => send(sent).then(() => assert.fail('it succeeded'), (error) => error)

test('what is sent is JSON below /api, and its answer is the body', async () => {
  phone.server = () => ok({ items: [] })
  const body = { a: 1, none: undefined }
  assert.deepEqual(await send({ method: 'POST', path: '/orders', body, header: { 'Idempotency-Key': 'k' } }), { items: [] })
  const [request] = phone.requests
  assert.deepEqual([request.method, request.path, request.data, request.timeout], ['POST', '/api/orders', { a: 1 }, 15_000])
  assert.deepEqual(request.header, { 'content-type': 'application/json', 'Idempotency-Key': 'k' })
})

for (const status of [200, 201, 204, 299]) {
  test(`${status} is success`, async () => {
    phone.server = () => ({ statusCode: status, data: { status } })
    assert.deepEqual(await send({ method: 'GET', path: '/x' }), { status })
  })
}

/** status · whether the server itself answered · kind · code */
for (const [status, spoke, kind, code] of [
  [400, true, 'refused', 'c'],
  [401, true, 'refused', 'c'],
  [409, true, 'refused', 'c'],
  [422, true, 'refused', 'c'],
  [429, true, 'refused', 'c'],
  [499, true, 'refused', 'c'],
  [500, true, 'unavailable', 'c'],
  [503, true, 'unavailable', 'c'],
  [302, false, 'unavailable', 'unavailable'],
  [404, false, 'unavailable', 'unavailable'],
  [502, false, 'unavailable', 'unavailable'],
]) {
  test(`${status} ${spoke ? 'in the server’s words' : 'from something in between'} is ${kind}`, async () => {
    phone.server = () => (spoke ? refused(status, 'c', '原因', { left: 1 }) : { statusCode: status, data: '<html>' })
    const failure = await failing({ method: 'GET', path: '/x' })
    assert.deepEqual([failure.kind, failure.code], [kind, code])
    if (spoke) assert.deepEqual([failure.message, failure.status, failure.detail], ['原因', status, { left: 1 }])
  })
}

for (const [header, seconds] of [
  [{ 'Retry-After': '3' }, 3],
  [{ 'retry-after': '60' }, 60],
  [{}, 0],
  [{ 'Retry-After': 'Sun, 22 Nov 2026 06:00:00 GMT' }, 0],
]) {
  test(`${JSON.stringify(header)} asks to wait ${seconds} s`, async () => {
    phone.server = () => refused(503, 'busy', '忙', undefined, header)
    assert.equal((await failing({ method: 'GET', path: '/x' })).retryAfterS, seconds)
  })
}

test('an empty body of an error says nothing', async () => {
  for (const data of [null, undefined, '', {}, []]) {
    phone.server = () => ({ statusCode: 500, data })
    assert.equal((await failing({ method: 'GET', path: '/x' })).code, 'unavailable')
  }
})

test('no answer is offline, or slow', async () => {
  phone.server = () => lost
  assert.equal((await failing({ method: 'GET', path: '/x' })).kind, 'offline')
  phone.server = () => ({ errMsg: 'request:fail timeout' })
  assert.equal((await failing({ method: 'GET', path: '/x' })).kind, 'timeout')
})

/** Let `wx[name]` answer this; returns the options with which it was called. */
function answering(name, answer) {
  const asked = []
  wx[name] = (options) => {
    asked.push(options)
    if (answer.errMsg) options.fail(answer)
    else options.success(answer)
  }
  return asked
}

test('a file is handed in as the field `file`, and its answer is JSON', async () => {
  const [asked, sent] = [answering('uploadFile', { statusCode: 200, data: '{"id":1}' }), { method: 'POST', path: '/me/avatar', filePath: 'tmp://a' }]
  assert.deepEqual(await send({ ...sent, header: { Authorization: 'Bearer t' } }), { id: 1 })
  const { url, filePath, name, header, timeout } = asked[0]
  assert.deepEqual([url, filePath, name, header, timeout], [`${baseUrl}/api/me/avatar`, 'tmp://a', 'file', { Authorization: 'Bearer t' }, 15_000])
  answering('uploadFile', { statusCode: 422, data: '{"error":{"code":"picture_invalid","message":"不是图片"}}' })
  const failure = await failing(sent)
  assert.deepEqual([failure.kind, failure.code, failure.detail], ['refused', 'picture_invalid', {}])
  answering('uploadFile', { statusCode: 413, data: '<html>' })
  assert.equal((await failing(sent)).kind, 'unavailable')
  answering('uploadFile', { errMsg: 'uploadFile:fail timeout' })
  assert.equal((await failing(sent)).kind, 'timeout')
})

test('a file that comes is a path on the device; it may take twice as long', async () => {
  const sent = { method: 'GET', path: '/wallet/statement.xlsx', asFile: true }
  const asked = answering('downloadFile', { statusCode: 200, tempFilePath: 'tmp://b' })
  assert.equal(await send(sent), 'tmp://b')
  assert.deepEqual([asked[0].url, asked[0].timeout], [`${baseUrl}/api/wallet/statement.xlsx`, 30_000])
  answering('downloadFile', { statusCode: 401, tempFilePath: 'tmp://c' })
  const failure = await failing(sent)
  assert.deepEqual([failure.kind, failure.status], ['unavailable', 401])
  answering('downloadFile', { errMsg: 'downloadFile:fail' })
  assert.equal((await failing(sent)).kind, 'offline')
})

test('what pictures are loaded from is absolute', () => {
  assert.equal(absolute('/files/a.png'), `${baseUrl}/files/a.png`)
  assert.equal(absolute('https://cdn.test/a.png'), 'https://cdn.test/a.png')
  assert.equal(absolute(''), '')
})
