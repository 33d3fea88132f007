import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { leaksOf } from '../acceptance/leak-search.ts'

const canary = `CNRY-"token"/ä+${randomBytes(20).toString('hex')}`
const secrets = new Map([['canary', canary]])
const around = (text: string): string => `${'before '.repeat(50)}${text}${' after'.repeat(50)}`

describe('The search for leaks', () => {
  test.each([
    ['raw', canary],
    ['URL-encoded', encodeURIComponent(canary)],
    ['form-encoded', new URLSearchParams({ t: canary }).toString()],
    ['escaped in JSON', JSON.stringify({ deep: [canary] })],
    ['base64', Buffer.from(canary).toString('base64')],
    ['base64, one byte in', Buffer.from(`:${canary}!`).toString('base64')],
    ['base64, two bytes in', Buffer.from(`::${canary}!!`).toString('base64')],
    ['base64url', Buffer.from(`x=${canary}`).toString('base64url')],
    ['hex', Buffer.from(`x${canary}`).toString('hex')],
    ['upper-case hex', Buffer.from(canary).toString('hex').toUpperCase()],
    ['sixteen characters of it', canary.slice(17, 33)],
    ['its end', canary.slice(-16)],
  ])('finds a planted secret %s', (_name, text) => {
    expect(leaksOf(secrets, { sink: around(text) })).toHaveLength(1)
  })

  test('finds nothing where there is nothing', () => {
    const other = randomBytes(5_000).toString('hex')
    expect(leaksOf(secrets, { sink: other, next: around(canary.slice(20, 35)) })).toEqual([])
  })
})
