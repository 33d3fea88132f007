import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One clause of the refresh protocol, taken out of a copy of the source. The tests must notice. */
interface Mutation {
  readonly clause: string
  readonly file: string
  readonly from: string
  readonly to: string
}

const SERVICES = 'src/domain/services'
const MEMORY = 'src/adapters/memory'

const MUTATIONS: readonly Mutation[] = [
  {
    clause: 'a result is stored only over its parent version',
    file: `${MEMORY}/refresh-leases.ts`,
    from: 'if (row.connection.tokenVersion !== own.lease.tokenVersion) {',
    to: 'if (row.connection.tokenVersion < own.lease.tokenVersion) {',
  },
  {
    clause: 'a lease is ended by its own epoch only',
    file: `${MEMORY}/claiming.ts`,
    from: 'row?.refresh.epoch === lease.epoch && row.refresh.lease',
    to: 'row !== undefined && row.refresh.lease',
  },
  {
    clause: 'a late result heals what was given up',
    file: `${MEMORY}/refresh-leases.ts`,
    from: "status: rest.status === 'needs_reauth' ? row.statusWhenHealed : rest.status,",
    to: 'status: rest.status,',
  },
  {
    clause: 'the deadline is checked before sending',
    file: `${SERVICES}/refresh-attempt.ts`,
    from: "if (!this.#isInTime(claim, 'sendWithinMs')) return",
    to: 'if (claim.lease.attempt < 0) return',
  },
  {
    clause: 'the deadline is checked before a candidate is presented',
    file: `${SERVICES}/refresh-attempt.ts`,
    from: "if (!this.#isInTime(claim, 'presentWithinMs')) return",
    to: 'if (claim.lease.attempt < 0) return',
  },
  {
    clause: 'a deadline counts the time for which the machine was suspended',
    file: 'src/ports/clock.ts',
    from: 'Math.max(clock.monotonicMs() - since.monotonicMs, clock.now() - since.wall)',
    to: 'clock.monotonicMs() - since.monotonicMs',
  },
  {
    clause: 'a deadline does not believe the wall clock alone',
    file: 'src/ports/clock.ts',
    from: 'Math.max(clock.monotonicMs() - since.monotonicMs, clock.now() - since.wall)',
    to: 'clock.now() - since.wall',
  },
  {
    clause: 'whoever stops waiting keeps listening',
    file: `${SERVICES}/token-lifecycle-service.ts`,
    from: '    background.keep(attempt)\n    const timeout',
    to: '    const timeout',
  },
  {
    clause: 'a process that could store nothing more claims nothing more',
    file: `${SERVICES}/token-lifecycle-service.ts`,
    from: 'if (background.isOver) throw new RefreshPendingError(client.traits.displayName)',
    to: '',
  },
  {
    clause: 'a superseded result is kept as a candidate',
    file: `${SERVICES}/refreshed-token-writer.ts`,
    from: '!(await this.#keepCandidate(lease, received, writeId))',
    to: 'false',
  },
  {
    clause: 'candidates are tried',
    file: `${SERVICES}/refresh-credentials.ts`,
    from: 'if (sealed === undefined) continue',
    to: 'continue',
  },
  {
    clause: 'a silent owner makes a refusal a suspicion',
    file: `${SERVICES}/refresh-verdicts.ts`,
    from: 'const mayBeHeldElsewhere = lease.isUncertain &&',
    to: 'const mayBeHeldElsewhere = lease.attempt < 0 &&',
  },
  {
    clause: 'a refusal that waits for its confirmation is not counted towards the alarm',
    file: `${SERVICES}/refresh-verdicts.ts`,
    from: "if (!mayHeal) circuit.note(provider, 'definitive')",
    to: "circuit.note(provider, 'definitive')",
  },
  {
    clause: 'what the store refused is offered again',
    file: `${SERVICES}/refreshed-token-writer.ts`,
    from: 'await this.#deps.clock.delay(waitMs)',
    to: 'throw new Error(`not after ${waitMs} ms`)',
  },
  {
    clause: 'an own commit is known by its write id',
    file: `${MEMORY}/refresh-leases.ts`,
    from: "return row.lastWriteId === own.result.writeId ? 'stored' : 'superseded'",
    to: "return 'superseded'",
  },
  {
    clause: 'the row is read again after a refusal',
    file: `${SERVICES}/refresh-verdicts.ts`,
    from: 'if (reading.tokenVersion === lease.tokenVersion) return undefined',
    to: 'if (reading.tokenVersion >= lease.tokenVersion) return undefined',
  },
  {
    clause: 'a lost answer is quarantined where asking twice may destroy',
    file: `${SERVICES}/refresh-verdicts.ts`,
    from: 'if (!isReplaySafe(rotation)) return leaseTtlMs',
    to: 'if (!isReplaySafe(rotation)) return undefined',
  },
  {
    clause: 'a short wait that is asked for does not replace the backoff',
    file: `${SERVICES}/refresh-verdicts.ts`,
    from: "if (statedMs === undefined || (kind === 'rate_limited' && attempt <= 1)) return statedMs",
    to: "if (statedMs === undefined || kind !== 'misconfigured') return statedMs",
  },
  {
    clause: 'a lost answer is asked for again while the grace runs',
    file: `${SERVICES}/refresh-verdicts.ts`,
    from: 'this.#repeatLater(client, lease, inMs).catch(() => undefined)',
    to: '',
  },
  {
    clause: 'a lease whose end failed is ended later',
    file: `${SERVICES}/lease-endings.ts`,
    from: 'void this.#releaseLater(lease, reason)',
    to: '',
  },
  {
    clause: 'a lease that is ended later is ended for its reason',
    file: `${SERVICES}/lease-endings.ts`,
    from: 'return await leases.release(lease, reason)',
    to: 'return await leases.release(lease, {})',
  },
  {
    clause: 'a step that fails to end a lease leaves it released',
    file: `${SERVICES}/lease-endings.ts`,
    from: 'await this.release(lease, {})',
    to: '',
  },
  {
    clause: 'the previous token waits while a successor may arrive',
    file: `${SERVICES}/refresh-credentials.ts`,
    from: 'return lease.isSuspect || !lease.isUncertain || isReplaySafe(rotation)',
    to: 'return lease.attempt > 0 || isReplaySafe(rotation)',
  },
  {
    clause: 'the previous token is never presented where that may end the grant',
    file: `${SERVICES}/refresh-credentials.ts`,
    from: 'if (mayRevokeOnReuse(rotation) || !circuit',
    to: 'if (!circuit',
  },
  {
    clause: 'the previous token is not presented over refusals that are not believed',
    file: `${SERVICES}/refresh-credentials.ts`,
    from: ' || !circuit.mayCondemn(provider)) return false',
    to: ') return false',
  },
  {
    clause: 'the key is prepared before anything is sent',
    file: `${SERVICES}/refresh-attempt.ts`,
    from: "await cipher.prepare(connectionContext(lease, lease.tokenVersion + 1, 'access_token'))",
    to: '',
  },
  {
    clause: 'the key is used before anything is sent',
    file: `${SERVICES}/refresh-attempt.ts`,
    from: 'await cipher.seal(secretOf(current), context)',
    to: '',
  },
  {
    clause: 'what was not begun counts no attempt',
    file: `${SERVICES}/token-lifecycle-service.ts`,
    from: '{ retryInMs: 0, isUncounted: true }',
    to: '{ retryInMs: 0 }',
  },
  {
    clause: 'a token that arrives for nobody is revoked',
    file: `${SERVICES}/refreshed-token-writer.ts`,
    from: 'if (isGone) this.#revokeLate(client, lease, tokens)',
    to: '',
  },
  {
    clause: 'candidates are revoked with their grant',
    file: `${SERVICES}/revocation-service.ts`,
    from: "client.traits.revocation === 'token' ? grant.candidates : []",
    to: '[] as typeof grant.candidates',
  },
  {
    clause: 'a lifetime counts from the request',
    file: `${SERVICES}/refreshed-token-writer.ts`,
    from: 'const tookMs = elapsedMs(this.#deps.clock, received.sentAt)',
    to: 'const tookMs = elapsedMs(this.#deps.clock, received.sentAt) * 0',
  },
  {
    clause: 'nothing is given up over a candidate that came late',
    file: `${MEMORY}/refresh-leases.ts`,
    from: ' || row.candidates.length !== own.candidates.length',
    to: '',
  },
  {
    clause: 'a new consent is told apart from the grant that was read',
    file: `${SERVICES}/token-lifecycle-service.ts`,
    from: 'if (lease.grantId !== seen.grantId) {',
    to: "if (lease.grantId === '') {",
  },
  {
    clause: 'a permission that was never granted was not taken away',
    file: `${SERVICES}/refresh-attempt.ts`,
    from: 'scopes.some((scope) => connection?.scopes.includes(scope))',
    to: 'scopes.length > 0 && connection !== undefined',
  },
  {
    clause: 'a refusal by an app that the credential was not issued to ends nothing',
    file: `${SERVICES}/refresh-attempt.ts`,
    from: 'const isOwn = lease.clientId === appOf(client).clientId',
    to: 'const isOwn = lease.attempt > 0 || client === undefined',
  },
  {
    clause: 'the renewal of a refused token is not renewed for being refused',
    file: 'src/application/use-cases/access-tokens.ts',
    from: 'if (connection.rejectedVersion === tokenVersion - 1) throw',
    to: 'if (connection.rejectedVersion === -1) throw',
  },
  {
    clause: 'one flight in a process',
    file: 'src/application/use-cases/access-tokens.ts',
    from: 'return this.#refreshes.run(flight, () => lifecycle.renew(client, key, reading, work))',
    to: 'return new SingleFlight<Secret>().run(flight, () => lifecycle.renew(client, key, reading, work))',
  },
  {
    clause: 'an app that is suspended is not claimed for',
    file: `${MEMORY}/refresh-leases.ts`,
    from: 'if (pause !== undefined) return pause',
    to: '',
  },
  {
    clause: 'an app that is suspended is not claimed for by the job',
    file: `${MEMORY}/due-connections.ts`,
    from: 'turns: pause === undefined ? turnsWithin(tables, claim, now) : 0',
    to: 'turns: turnsWithin(tables, claim, now)',
  },
  {
    clause: 'an app that is suspended after the claim is asked nothing',
    file: `${SERVICES}/refresh-attempt.ts`,
    from: 'if (pause !== undefined) return this.#verdicts.putOff(claim.client, claim.lease, { pause, isSent: false })',
    to: '',
  },
  {
    clause: 'an app that waits counts no attempt',
    file: `${SERVICES}/refresh-verdicts.ts`,
    from: 'await this.startOver(lease, isSent)',
    to: 'await this.startOver(lease, true)',
  },
  {
    clause: 'an app that a provider suspends is suspended for all processes',
    file: 'src/application/paced-apps.ts',
    from: 'await this.#share(app, suspension)',
    to: '',
  },
  {
    clause: 'what is presented after a refusal takes a turn of its own',
    file: `${SERVICES}/refresh-attempt.ts`,
    from: `const pause = await this.#turn(claim)
      if (pause !== undefined)`,
    to: `const pause = undefined
      if (pause !== undefined)`,
  },
  {
    clause: 'an app with a budget takes turns',
    file: 'src/application/paced-apps.ts',
    from: 'if (requestsPerSecond !== undefined) {',
    to: 'if (requestsPerSecond === 0) {',
  },
]

const CONFIG = `
import { defineConfig } from 'vitest/config'
export default defineConfig({ test: { include: ['test/**/*.test.ts'], exclude: ['**/*.postgres.test.ts'], maxWorkers: 2, testTimeout: 30_000 } })
`

const TESTS = [
  'test/domain/services',
  'test/application/refresh-due-connections.test.ts',
  'test/contracts/refresh-leases.memory.test.ts',
  'test/contracts/provider-apps.memory.test.ts',
]

const wanted = process.argv[2] ?? ''
const chosen = MUTATIONS.filter(({ clause }) => clause.includes(wanted))
const folder = mkdtempSync(join(tmpdir(), 'integrations-mutations-'))
try {
  for (const part of ['src', 'test', 'package.json', 'tsconfig.json']) {
    cpSync(part, join(folder, part), { recursive: true })
  }
  symlinkSync(join(process.cwd(), 'node_modules'), join(folder, 'node_modules'))
  writeFileSync(join(folder, 'vitest.config.ts'), CONFIG)
  if (!passes()) throw new Error('The tests are red without any mutation')
  const survivors = chosen.filter((mutation) => !isNoticed(mutation))
  console.log(`${chosen.length - survivors.length} of ${chosen.length} clauses are guarded by a test`)
  process.exitCode = survivors.length > 0 ? 1 : 0
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function isNoticed({ clause, file, from, to }: Mutation): boolean {
  const path = join(folder, file)
  const original = readFileSync(path, 'utf8')
  if (!original.includes(from))
    throw new Error(`${file} no longer has what this mutation takes out: ${clause}`)
  writeFileSync(
    path,
    original.replace(from, () => to),
  )
  const isRed = !passes()
  writeFileSync(path, original)
  console.log(`${isRed ? 'red, as it must be' : 'STILL GREEN'} without: ${clause}`)
  return isRed
}

function passes(): boolean {
  const { status } = spawnSync('npx', ['vitest', 'run', '--bail', '1', ...TESTS], {
    cwd: folder,
    stdio: 'ignore',
  })
  return status === 0
}
