import assert from 'node:assert/strict'
import { parseTenantId } from '../../domain/model/identifiers.ts'
import type { TenantId } from '../../domain/model/identifiers.ts'
import type { StartLimits } from '../../domain/model/start-limits.ts'
import type { StartLimiter, StartRequest } from '../../ports/start-limiter.ts'
import { registerPromises } from './register-promises.ts'
import type { RegisterTest } from './register-test.ts'

/** A limiter under test, and its time. */
export interface StartLimiterHarness {
  /** A limiter over the counters of this harness, in which nothing was counted when it was opened. */
  limiter(limits?: Partial<StartLimits>): StartLimiter
  /** Brings the end of every window nearer: by the limiter's clock, or by changing what is stored. */
  pass(ms: number): Promise<void>
  close(): Promise<void>
}

const MINUTE_MS = 60_000
/** Real stores go on counting time while a test runs. */
const SLACK_MS = 20_000

/** What every StartLimiter does. Each test opens its own harness and closes it. */
export function startLimiterContract(test: RegisterTest, open: () => Promise<StartLimiterHarness>): void {
  const promises = {
    'admits ten starts a minute of one initiator and says when the next may be': limitsInitiators,
    'admits sixty starts a minute of one tenant, whoever starts': limitsTenants,
    'admits a thousand states of one tenant at a time': limitsLiveStates,
    'admits no more than the limit when all ask at once': holdsUnderConcurrency,
    'lets one noisy initiator take no share of the others of the tenant': keepsInitiatorsApart,
    'keeps tenants apart, whatever their ids look like': keepsTenantsApart,
    'counts over all instances together': countsTogether,
  }
  registerPromises(test, open, [promises])
}

async function limitsInitiators({ limiter, pass }: StartLimiterHarness): Promise<void> {
  const limits = limiter()
  const request = { tenantId: tenant('a'), initiatorHash: 'initiator' }
  assert.equal(await admitted(limits, 10, request), 10)
  const waitMs = await refusal(limits, request)
  assert.ok(waitMs > MINUTE_MS - SLACK_MS && waitMs <= MINUTE_MS, `${waitMs} ms`)
  await pass(waitMs - SLACK_MS)
  assert.ok((await refusal(limits, request)) <= SLACK_MS)
  await pass(SLACK_MS)
  assert.equal(await admitted(limits, 11, request), 10)
}

async function limitsTenants({ limiter, pass }: StartLimiterHarness): Promise<void> {
  const limits = limiter()
  const request = (index: number): StartRequest => ({
    tenantId: tenant('a'),
    ...(index % 2 === 0 ? {} : { initiatorHash: `initiator-${index % 10}` }),
  })
  assert.equal(await admitted(limits, 70, request), 60)
  const waitMs = await refusal(limits, { tenantId: tenant('a') })
  assert.ok(waitMs > MINUTE_MS - SLACK_MS && waitMs <= MINUTE_MS, `${waitMs} ms`)
  await pass(waitMs)
  assert.equal(await admitted(limits, 1, request), 1)
}

async function limitsLiveStates({ limiter, pass }: StartLimiterHarness): Promise<void> {
  const limits = limiter({ perTenant: 400 })
  const request = { tenantId: tenant('a') }
  let total = 0
  for (let minute = 0; minute < 4; minute += 1) {
    total += await admitted(limits, 400, request)
    await pass(MINUTE_MS)
  }
  assert.equal(total, 1_000)
  const waitMs = await refusal(limits, request)
  assert.ok(waitMs > 6 * MINUTE_MS - SLACK_MS && waitMs <= 6 * MINUTE_MS, `${waitMs} ms`)
  await pass(waitMs)
  assert.equal(await admitted(limits, 1, request), 1)
}

async function holdsUnderConcurrency({ limiter }: StartLimiterHarness): Promise<void> {
  const limits = limiter()
  const request = { tenantId: tenant('a'), initiatorHash: 'initiator' }
  const admissions = await Promise.all(Array.from({ length: 40 }, () => limits.admit(request)))
  assert.equal(admissions.filter((admission) => admission.admitted).length, 10)
}

async function keepsInitiatorsApart({ limiter }: StartLimiterHarness): Promise<void> {
  const limits = limiter()
  assert.equal(await admitted(limits, 200, { tenantId: tenant('a'), initiatorHash: 'noisy' }), 10)
  const others = (index: number): StartRequest => ({
    tenantId: tenant('a'),
    initiatorHash: `initiator-${index % 10}`,
  })
  assert.equal(await admitted(limits, 50, others), 50)
}

async function keepsTenantsApart({ limiter }: StartLimiterHarness): Promise<void> {
  const limits = limiter({ perInitiator: 1, perTenant: 1 })
  const ids = ['a', 'A', 'a*', '{a}', '{a}:tenant', 'a%', 'a_', '[a]', 'ä', 'a'.repeat(255)]
  for (const id of ids) {
    const request = { tenantId: tenant(id), initiatorHash: 'initiator' }
    assert.equal(await admitted(limits, 2, request), 1, id)
  }
}

async function countsTogether({ limiter }: StartLimiterHarness): Promise<void> {
  const request = { tenantId: tenant('a'), initiatorHash: 'initiator' }
  assert.equal(await admitted(limiter(), 6, request), 6)
  assert.equal(await admitted(limiter(), 6, request), 4)
}

async function admitted(
  limiter: StartLimiter,
  times: number,
  request: StartRequest | ((index: number) => StartRequest),
): Promise<number> {
  let count = 0
  for (let index = 0; index < times; index += 1) {
    const admission = await limiter.admit(typeof request === 'function' ? request(index) : request)
    if (admission.admitted) count += 1
  }
  return count
}

async function refusal(limiter: StartLimiter, request: StartRequest): Promise<number> {
  const admission = await limiter.admit(request)
  assert.equal(admission.admitted, false)
  assert.ok(!admission.admitted)
  return admission.retryAfterMs
}

function tenant(id: string): TenantId {
  return parseTenantId(id)
}
