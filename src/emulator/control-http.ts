import type { EmulatorControl } from './control.ts'
import { isRecord } from './exchange.ts'
import type { Answer, Call } from './exchange.ts'
import type { Fault } from './faults.ts'
import type { EndReason } from './ledger.ts'
import { emulatedPlatforms } from './platform.ts'
import type { EmulatedPlatform } from './platform.ts'
import { isRotationMode } from './rotation.ts'
import type { RotationMode } from './rotation.ts'
import type { Lifetimes } from './settings.ts'

type Command = (control: EmulatorControl, argument: Argument) => unknown

class ControlInputError extends Error {
  override readonly name = 'ControlInputError'
}

/** The members of a control request: of its JSON body, or of its query. */
class Argument {
  readonly #given: Readonly<Record<string, unknown>>

  constructor(given: Readonly<Record<string, unknown>>) {
    this.#given = given
  }

  optionalText(name: string): string | undefined {
    const value = this.#given[name]
    if (value === undefined || value === null || typeof value === 'string') return value ?? undefined
    throw new ControlInputError(`${name} must be a string`)
  }

  text(name: string): string {
    const value = this.optionalText(name)
    if (value === undefined) throw new ControlInputError(`${name} is required`)
    return value
  }

  number(name: string): number {
    const value = Number(this.#given[name])
    if (this.#given[name] === undefined || !Number.isFinite(value)) {
      throw new ControlInputError(`${name} must be a number`)
    }
    return value
  }

  record(name: string): Readonly<Record<string, unknown>> {
    const value = this.#given[name]
    if (!isRecord(value)) throw new ControlInputError(`${name} must be an object`)
    return value
  }

  texts(name: string): readonly string[] {
    const value = this.#given[name]
    if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return value
    throw new ControlInputError(`${name} must be an array of strings`)
  }

  isGiven(name: string): boolean {
    return this.#given[name] !== undefined && this.#given[name] !== null
  }

  optionalPlatform(): EmulatedPlatform | undefined {
    const name = this.optionalText('platform')
    const platform = emulatedPlatforms.find((each) => each === name)
    if (name !== undefined && !platform) throw new ControlInputError('platform is not one that is emulated')
    return platform
  }

  platform(): EmulatedPlatform {
    const platform = this.optionalPlatform()
    if (!platform) throw new ControlInputError('platform is required')
    return platform
  }
}

const endReasons: readonly EndReason[] = [
  'app_removed',
  'password_changed',
  'checkpoint',
  'revoked',
  'reuse',
  'crowded_out',
]

const commands: Readonly<Record<string, Command>> = {
  now: (control) => control.now(),
  advance: (control, given) => control.advance(given.number('ms')),
  setLifetimes: (control, given) =>
    control.setLifetimes(given.platform(), readLifetimes(given.record('seconds'))),
  setRotation: (control, given) => control.setRotation(given.platform(), readMode(given.text('mode'))),
  setLatency: (control, given) => control.setLatency(given.number('ms'), given.optionalPlatform()),
  setBudget: (control, given) =>
    control.setBudget(given.platform(), given.isGiven('perSecond') ? given.number('perSecond') : null),
  requireAppSecretProof: (control, given) => control.requireAppSecretProof(given.text('required') === 'true'),
  expireAccessTokens: (control, given) =>
    control.expireAccessTokens(given.platform(), given.optionalText('person')),
  grant: (control, given) => control.grant(given.platform(), given.text('person'), given.texts('scopes')),
  revokeAtPlatform: (control, given) =>
    control.revokeAtPlatform(
      given.platform(),
      given.text('person'),
      readReason(given.optionalText('reason')),
    ),
  withdrawPermission: (control, given) =>
    control.withdrawPermission(given.text('person'), given.text('permission')),
  fail: (control, given) =>
    control.fail(given.platform(), given.text('route'), readFault(given.record('fault'))),
  clearFaults: (control, given) => control.clearFaults(given.isGiven('id') ? given.number('id') : undefined),
  requests: (control, given) => control.requests(given.optionalPlatform(), given.optionalText('route')),
  clearRequests: (control) => control.clearRequests(),
  lineages: (control, given) => control.lineages(given.optionalPlatform(), given.optionalText('person')),
  accepts: (control, given) => control.accepts(given.platform(), given.text('token')),
  sendDeauthorize: (control, given) => control.sendDeauthorize(given.text('person'), given.text('url')),
  sendDataDeletion: (control, given) => control.sendDataDeletion(given.text('person'), given.text('url')),
}

/**
 * The control surface for other processes: `/_control/<method>` with the arguments by name, as a JSON body or
 * in the query. Answers `{ "result": … }`, or 400 `{ "error": … }`.
 */
export async function answerControl(control: EmulatorControl, call: Call): Promise<Answer> {
  const name = call.path.slice(1)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (!command) return reply(404, { error: `there is no control named ${name}` })
  try {
    const given = new Argument({ ...Object.fromEntries(call.query), ...call.json })
    return reply(200, { result: (await command(control, given)) ?? null })
  } catch (error) {
    if (error instanceof ControlInputError) return reply(400, { error: error.message })
    throw error
  }
}

function reply(status: number, body: Readonly<Record<string, unknown>>): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
}

function readMode(value: string): RotationMode {
  if (isRotationMode(value)) return value
  throw new ControlInputError('mode must be none, grace:<ms>, single_use or revoking')
}

function readReason(value: string | undefined): EndReason | undefined {
  const reason = endReasons.find((each) => each === value)
  if (value !== undefined && !reason) throw new ControlInputError('reason is not one that is emulated')
  return reason
}

function readLifetimes(given: Readonly<Record<string, unknown>>): Partial<Lifetimes> {
  const names = ['code', 'access', 'longLived', 'refresh', 'dataAccess', 'reissueAfter']
  for (const [name, value] of Object.entries(given)) {
    const isRight =
      typeof value === 'number' || (value === null && name !== 'code' && name !== 'reissueAfter')
    if (!names.includes(name) || !isRight) throw new ControlInputError(`seconds.${name} is not a lifetime`)
  }
  return given
}

const faultMembers: Readonly<Record<keyof Fault, (value: unknown) => boolean>> = {
  status: isNumber,
  body: () => true,
  headers: (value) => isRecord(value) && Object.values(value).every((each) => typeof each === 'string'),
  handled: isBoolean,
  merge: isRecord,
  omit: (value) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  delayMs: isNumber,
  delayAfterMs: isNumber,
  hang: isBoolean,
  reset: (value) => value === 'before' || value === 'after',
  drip: isNumber,
  cutAfterBytes: isNumber,
  flood: isNumber,
  raw: (value) => typeof value === 'string',
  times: (value) => value === null || isNumber(value),
}

function readFault(given: Readonly<Record<string, unknown>>): Fault {
  const checks: Readonly<Record<string, (value: unknown) => boolean>> = faultMembers
  for (const [name, value] of Object.entries(given)) {
    const isRight = Object.hasOwn(checks, name) && checks[name]?.(value)
    if (!isRight) throw new ControlInputError(`fault.${name} is not something that a fault has`)
  }
  return given
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number' && Number.isFinite(value)
}

function isBoolean(value: unknown): boolean {
  return typeof value === 'boolean'
}
