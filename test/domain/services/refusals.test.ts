import { describe, expect, test } from 'vitest'
import { CipherKeyUnknownError, StoreUnavailableError } from '../../../src/domain/errors.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'
import { heldRefresh } from './held-refresh.ts'
import { failWith, heldAnswer, loseAnswer, notSent, ofClient, refusal } from './model-provider.ts'
import { KEY, RefreshWorld } from './refresh-world.ts'

const QUARANTINE_MS = 12 * MINUTE_MS
const REFUSED = { kind: 'reauthorize', providerCode: 'invalid_grant' } as const

describe('A refresh token that the provider declares dead', () => {
  test('needs a person at once when nobody can hold a successor', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    world.provider.endAll()
    const { tokens } = world.host()
    await expect(tokens.get(KEY)).rejects.toMatchObject({
      code: 'reauthorization_required',
      reason: 'revoked_or_expired',
    })
    expect(world.events.map(({ type, reason }) => [type, reason])).toEqual([
      ['connection.needs_reauth', 'revoked_or_expired'],
    ])
  })

  test('is said to need a person though the acknowledgement of that was lost', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    world.provider.endAll()
    const host = world.host()
    const lost = new StoreUnavailableError('Postgres', 'call again later', true)
    host.interposed.after = (step) => {
      if (step === 'condemn') throw lost
    }
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'reauthorization_required' })
    expect(world.events.map(({ type }) => type)).toEqual(['connection.needs_reauth'])
  })

  test.each([true, false])(
    'is not said to need a person where the store did nothing (uncertain: %s)',
    async (isUncertain) => {
      const world = new RefreshWorld()
      await world.connectExpired()
      world.provider.endAll()
      const host = world.host()
      const down = new StoreUnavailableError('Postgres', 'call again later', isUncertain)
      host.interposed.before = (step) => {
        if (step === 'condemn') throw down
      }
      await expect(host.tokens.get(KEY)).rejects.toBe(down)
      expect(world.events).toEqual([])
    },
  )

  test('is not asked about again, by callers or by the job', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    world.provider.endAll()
    const { tokens, job } = world.host()
    await tokens.get(KEY).catch(() => undefined)
    for (let turn = 0; turn < 5; turn += 1) {
      await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'reauthorization_required' })
      await expect(tokens.refresh(KEY)).rejects.toMatchObject({ code: 'reauthorization_required' })
      expect(await job.run()).toMatchObject({ total: 0 })
      await world.clock.advance(10 * MINUTE_MS)
    }
    expect(world.provider.calls).toBe(1)
  })

  test('changes nothing when somebody else has stored a newer one in the meantime', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const [late, quick] = [world.host('late'), world.host('quick')]
    let answerLate: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      answerLate = resolve
    })
    world.provider.plan(async () => {
      await gate
      return failWith({ kind: 'reauthorize', delivery: 'answered', providerCode: 'invalid_grant' })(() =>
        world.provider.open(),
      )
    })
    const asked = late.tokens.get(KEY)
    asked.catch(() => undefined)
    await world.clock.advance(QUARANTINE_MS)
    const stored = await world.until(quick.tokens.get(KEY))
    answerLate()
    await late.background.drain(world.clock, SECOND_MS)
    expect((await world.reading()).status).toBe('active')
    expect((await late.tokens.get(KEY)).equals(stored)).toBe(true)
  })

  test('is only suspect while an earlier attempt may hold its successor, and heals when that arrives', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const [slow, other] = [world.host('slow'), world.host('other')]
    const held = await heldRefresh(world, slow)
    await world.clock.advance(QUARANTINE_MS)
    await expect(other.tokens.get(KEY)).rejects.toMatchObject({ code: 'refresh_pending' })
    expect((await world.reading()).status).toBe('active')
    held.release()
    await slow.background.drain(world.clock, SECOND_MS)
    const token = await other.tokens.get(KEY)
    expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
    expect(world.provider.calls).toBe(2)
  })

  test('gives its caller the successor that was stored while the refusal was on its way', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const [slow, other] = [world.host('slow'), world.host('other')]
    const held = heldAnswer()
    world.provider.plan(held.plan, async (act) => {
      held.release()
      await slow.background.drain(world.clock, SECOND_MS)
      return act()
    })
    slow.tokens.get(KEY).catch(() => undefined)
    await held.sent
    await world.clock.advance(QUARANTINE_MS)
    const token = await other.tokens.get(KEY)
    expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
    expect((await world.reading()).nextAttemptMs).toBe(0)
  })

  test('is given up after its confirmation, as a rotation that was lost', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const { tokens } = world.host()
    world.provider.plan(loseAnswer)
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'provider_unavailable' })
    await world.clock.advance(QUARANTINE_MS)
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'refresh_pending' })
    await world.clock.advance(QUARANTINE_MS)
    await expect(tokens.get(KEY)).rejects.toMatchObject({
      code: 'reauthorization_required',
      reason: 'rotation_lost',
    })
  })

  test.each([
    ['grace', 'rotation_lost'],
    ['none', 'revoked_or_expired'],
  ] as const)('is called a lost rotation only if the platform rotates (%s)', async (mode, reason) => {
    const world = new RefreshWorld({ mode })
    await world.connectExpired()
    const { tokens } = world.host()
    world.provider.plan(loseAnswer, notSent)
    await tokens.get(KEY).catch(() => undefined)
    await world.advance(HOUR_MS)
    world.provider.forgetPlans()
    world.provider.endAll()
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'refresh_pending' })
    await world.advance(QUARANTINE_MS)
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'reauthorization_required', reason })
  })

  test('lives again when a late result of the same grant arrives after it was given up', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const [slow, other] = [world.host('slow'), world.host('other')]
    const held = await heldRefresh(world, slow)
    for (let turn = 0; turn < 2; turn += 1) {
      await world.clock.advance(QUARANTINE_MS)
      await other.tokens.get(KEY).catch(() => undefined)
    }
    expect((await world.reading()).status).toBe('needs_reauth')
    held.release()
    await slow.background.drain(world.clock, SECOND_MS)
    expect((await world.reading()).status).toBe('active')
    expect(await world.heldRefreshTokens()).toEqual(['refresh-1-2'])
  })

  test('is not given up because of a credential of ours that cannot be opened', async () => {
    const world = new RefreshWorld({ mode: 'grace' })
    await world.connectExpired()
    const host = world.host()
    await host.tokens.get(KEY)
    await world.expire()
    world.provider.endAll()
    let opened = 0
    host.interposed.before = (step) => {
      if (step !== 'open') return
      opened += 1
      if (opened > 1) throw new CipherKeyUnknownError('k0')
    }
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'cipher_key_unknown' })
    expect((await world.reading()).status).toBe('active')
  })
})

describe('The previous refresh token', () => {
  test('is presented when the current one is dead and nothing is left to lose', async () => {
    const world = new RefreshWorld({ mode: 'none' })
    await world.connectExpired()
    const { tokens } = world.host()
    // The provider hands out a successor that it then forgets, as after a restore of its own.
    world.provider.plan(async (act) => ({ ...act(), refreshToken: world.provider.open().accessToken }))
    await tokens.get(KEY)
    await world.expire()
    const token = await world.until(tokens.get(KEY))
    expect(world.provider.acceptsAccess(token.reveal())).toBe(true)
    expect(world.provider.calls).toBe(3)
    expect(await world.heldRefreshTokens()).toEqual(['refresh-1-1'])
  })

  test('is not presented while a successor of the current one may be on its way', async () => {
    const world = new RefreshWorld({ mode: 'single_use' })
    await world.connectExpired()
    const { tokens } = world.host()
    await tokens.get(KEY)
    await world.expire()
    world.provider.plan(loseAnswer)
    await tokens.get(KEY).catch(() => undefined)
    await world.clock.advance(QUARANTINE_MS)
    await tokens.get(KEY).catch(() => undefined)
    expect(world.provider.lineages[0]?.presented).toEqual(['refresh-1-1', 'refresh-1-2', 'refresh-1-2'])
  })

  test.each(['single_use_revoking', 'unknown'] as const)(
    'is never presented where using it again ends the grant or might (%s)',
    async (kind) => {
      const world = new RefreshWorld({ mode: 'revoking', traits: { rotation: { kind } } })
      await world.connectExpired()
      const { tokens } = world.host()
      await tokens.get(KEY)
      await world.expire()
      world.provider.plan(failWith({ ...REFUSED, delivery: 'answered' }))
      await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'reauthorization_required' })
      expect(world.provider.lineages[0]).toMatchObject({
        ...{ presented: ['refresh-1-1'], reuses: 0, isEnded: false },
      })
    },
  )

  test('is not presented while most credentials of the app are refused: none of the refusals is believed', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const { circuits, tokens } = world.host()
    await tokens.get(KEY)
    await world.expire()
    for (let count = 0; count < 50; count += 1) circuits.note('standard', 'definitive')
    world.provider.plan(failWith({ ...REFUSED, delivery: 'answered' }))
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'refresh_pending' })
    expect(world.provider.lineages[0]?.reuses).toBe(0)
    await world.advance(QUARANTINE_MS)
    expect(world.provider.acceptsAccess((await tokens.get(KEY)).reveal())).toBe(true)
  })
})

describe('What else could be presented', () => {
  test('is not, once somebody else has stored a newer token', async () => {
    const world = new RefreshWorld({ mode: 'revoking' })
    await world.connectExpired()
    const [late, quick] = [world.host('late'), world.host('quick')]
    await quick.tokens.get(KEY)
    await world.expire()
    let answerLate: () => void = () => undefined
    const gate = new Promise<void>((resolve) => {
      answerLate = resolve
    })
    world.provider.plan(async () => {
      await gate
      throw refusal('invalid_grant')
    })
    late.tokens.get(KEY).catch(() => undefined)
    await world.clock.advance(QUARANTINE_MS)
    await world.until(quick.tokens.get(KEY))
    answerLate()
    await late.background.drain(world.clock, SECOND_MS)
    expect(world.provider.lineages[0]?.presented).toEqual(['refresh-1-1', 'refresh-1-2'])
    expect(world.provider.lineages[0]?.isEnded).toBe(false)
  })
})

describe('A refusal of the app', () => {
  test('never touches a connection and raises one alarm', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    const refused = failWith({ kind: 'misconfigured', delivery: 'answered', providerCode: 'invalid_client' })
    world.provider.plan(refused)
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'provider_misconfigured' })
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'provider_misconfigured' })
    expect((await world.reading()).status).toBe('active')
    expect(world.logs).toEqual(['Requests to a provider are suspended for the whole app'])
  })

  test.each(['permission', 'transient', 'rate_limited', 'restart_flow'] as const)(
    'an answer of the kind %s never needs a person either',
    async (kind) => {
      const world = new RefreshWorld()
      await world.connectExpired()
      world.provider.plan(failWith({ kind, delivery: 'answered', providerCode: 'some_code' }))
      await expect(world.host().tokens.get(KEY)).rejects.toBeInstanceOf(Error)
      expect((await world.reading()).status).toBe('active')
    },
  )

  test('is told by connections, each counted once though its refusal is confirmed', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const { circuits, tokens } = world.host()
    world.provider.plan(loseAnswer)
    await tokens.get(KEY).catch(() => undefined)
    await world.clock.advance(QUARANTINE_MS)
    for (let count = 0; count < 49; count += 1) circuits.note('standard', 'definitive')
    await expect(tokens.get(KEY)).rejects.toMatchObject({ code: 'refresh_pending' })
    expect(world.logs).toEqual([])
  })

  test('is not mistaken for the end of its connections when most of them die within minutes', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const host = world.host()
    for (let count = 0; count < 60; count += 1) host.circuits.note('standard', 'definitive')
    world.provider.endAll()
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'refresh_pending' })
    expect((await world.reading()).status).toBe('active')
    expect(world.logs).toHaveLength(1)
    await world.clock.advance(QUARANTINE_MS)
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({ code: 'refresh_pending' })
    for (let count = 0; count < 20; count += 1) host.circuits.note('standard', 'ok')
    await world.clock.advance(QUARANTINE_MS)
    await expect(host.tokens.get(KEY)).rejects.toMatchObject({
      code: 'reauthorization_required',
      reason: 'revoked_or_expired',
    })
  })
})

describe('A refusal of a credential that was issued to another client of the host (RFC 6749 §5.2)', () => {
  test.each(['get', 'verify'] as const)(
    'says nothing of the credential: it is kept, and works when its client is configured again (%s)',
    async (how) => {
      const world = new RefreshWorld()
      await (how === 'get' ? world.connectExpired() : world.connect())
      const other = world.host('other', { client: (provider) => ofClient(provider, 'client-2') })
      world.provider.plan(failWith({ ...REFUSED, delivery: 'answered' }))
      await expect(other.tokens[how](KEY)).rejects.toMatchObject({ code: 'provider_misconfigured' })
      expect(world.provider.calls + world.provider.verifications).toBe(1)
      expect(world.logs).toEqual([])
      const { status, nextAttemptMs } = await world.reading()
      expect(status).toBe('active')
      await world.advance(nextAttemptMs)
      await world.host().tokens.get(KEY)
    },
  )

  test('is the end of it all the same where nothing was left to be sent', async () => {
    const world = new RefreshWorld()
    await world.connectExpired()
    const other = world.host('other', { client: (provider) => ofClient(provider, 'client-2') })
    world.provider.plan(failWith({ ...REFUSED, delivery: 'not_sent' }))
    await expect(other.tokens.get(KEY)).rejects.toMatchObject({ code: 'reauthorization_required' })
  })
})
