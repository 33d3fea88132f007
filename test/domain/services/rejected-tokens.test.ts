import { describe, expect, test } from 'vitest'
import { HOUR_MS } from '../../../src/domain/model/time.ts'
import { refusal } from './model-provider.ts'
import { KEY, RefreshWorld } from './refresh-world.ts'

describe('A token that is refused before its end', () => {
  test('is renewed once for two processes, and its successor not for being refused as well', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const [one, other] = [world.host('one'), world.host('other')]
    const rejectedToken = await one.tokens.get(KEY)
    const renewals = [one, other].map(({ tokens }) => tokens.get(KEY, { rejectedToken }))
    const [successor, same] = await world.until(Promise.all(renewals))
    expect(successor?.equals(same ?? rejectedToken)).toBe(true)
    expect(world.provider.calls).toBe(1)
    for (const { tokens } of [one, other]) {
      const again = tokens.get(KEY, { rejectedToken: successor })
      await expect(again).rejects.toMatchObject({ code: 'token_rejected', isRetryable: false })
    }
    expect(world.provider.calls).toBe(1)
    expect((await world.reading()).status).toBe('active')
  })

  test('is used once more by whoever calls the provider, and no oftener', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const used: string[] = []
    const call = world.host().tokens.use(KEY, async (token) => {
      used.push(token.reveal())
      throw refusal('invalid_token')
    })
    await expect(call).rejects.toMatchObject({ code: 'token_rejected' })
    expect([new Set(used).size, used.length, world.provider.calls]).toEqual([2, 2, 1])
  })

  test('is not waited for when its connection needs a person', async () => {
    const world = new RefreshWorld()
    await world.connect()
    const { tokens } = world.host()
    const rejectedToken = await tokens.get(KEY)
    world.provider.endAll()
    const dead = { code: 'reauthorization_required', reason: 'revoked_or_expired' }
    await expect(tokens.get(KEY, { rejectedToken })).rejects.toMatchObject(dead)
    await world.advance(HOUR_MS)
    await expect(tokens.get(KEY, { rejectedToken })).rejects.toMatchObject(dead)
    expect(world.provider.calls).toBe(1)
  })
})
