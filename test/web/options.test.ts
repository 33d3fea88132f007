import { expect, test } from 'vitest'

import type { MetaCallbackOptions } from '../../src/web/index.ts'
import { openWeb } from './web-harness.ts'

test('options that cannot work are named at once, all of them', () => {
  expect(() =>
    openWeb({ baseUrl: 'http://app.example.com', basePath: 'x/', page: { path: '//evil' } }),
  ).toThrow(/baseUrl.*basePath.*page\.path/)
})

test.each([
  ['no app id', { appId: '', appSecrets: ['good'] }, 'appId'],
  ['no secret', { appId: '1234', appSecrets: [] }, 'appSecrets'],
  ['an empty secret', { appId: '1234', appSecrets: [''] }, 'appSecrets'],
  ['an empty secret after one that is good', { appId: '1234', appSecrets: ['good', ''] }, 'appSecrets'],
  ['a secret that is missing', { appId: '1234', appSecrets: [undefined] }, 'appSecrets'],
  ['a text in place of a list', { appId: '1234', appSecrets: 'good' }, 'appSecrets'],
])('Meta’s callbacks are not answered with %s', (_what, given, named) => {
  // As a host without types, or with a variable that is not set, gives it.
  const metaCallbacks: MetaCallbackOptions = { appId: '1234', appSecrets: ['good'] }
  Object.assign(metaCallbacks, given)

  expect(() => openWeb({ metaCallbacks })).toThrow(`metaCallbacks.${named}`)
})

test.each(['http://localhost:3000', 'http://127.0.0.2:3000', 'http://[::1]:3000'])(
  'plain HTTP is enough on this machine: %s',
  (baseUrl) => {
    expect(() => openWeb({ baseUrl })).not.toThrow()
  },
)
