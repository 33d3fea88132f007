import fc from 'fast-check'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/domain/model/time.ts'
import { failWith, heldAnswer, loseAnswer, notSent } from './model-provider.ts'
import type { Mode, Plan } from './model-provider.ts'
import { RefreshTruth } from './refresh-truth.ts'
import type { Environment } from './refresh-world.ts'

/** Held answers of the run. */
interface Held {
  release: (() => void)[]
}

type Command = fc.AsyncCommand<Held, RefreshTruth>

class Step implements Command {
  readonly #name: string
  readonly #act: (truth: RefreshTruth, held: Held) => Promise<void> | void

  constructor(name: string, act: (truth: RefreshTruth, held: Held) => Promise<void> | void) {
    this.#name = name
    this.#act = act
  }

  check(): boolean {
    return true
  }

  async run(held: Held, truth: RefreshTruth): Promise<void> {
    await this.#act(truth, held)
    await truth.world.settle()
    await truth.holds()
  }

  toString(): string {
    return this.#name
  }
}

const PLANS: Readonly<Record<string, Plan>> = {
  'its answer lost': loseAnswer,
  'never sent': notSent,
  'answered with 503': failWith({ kind: 'transient', delivery: 'uncertain', providerCode: 'http_503' }),
  throttled: failWith({
    kind: 'rate_limited',
    delivery: 'answered',
    providerCode: 'http_429',
    retryAfterMs: 30_000,
  }),
  'refused as an app': failWith({
    kind: 'misconfigured',
    delivery: 'answered',
    providerCode: 'invalid_client',
  }),
}

const HOSTS = 2
const host = fc.nat({ max: HOSTS - 1 })
const wait = fc.constantFrom(
  SECOND_MS,
  6 * SECOND_MS,
  MINUTE_MS,
  4 * MINUTE_MS,
  13 * MINUTE_MS,
  61 * MINUTE_MS,
)

const commands: readonly fc.Arbitrary<Command>[] = [
  fc
    .tuple(host, fc.constantFrom('get', 'refresh'))
    .map(([index, how]) => new Step(`host ${index}: ${how}`, (truth) => truth.ask(index, how))),
  fc
    .tuple(host, fc.constantFrom('get', 'refresh'))
    .map(([index, how]) => new Step(`host ${index}: ${how}`, (truth) => truth.ask(index, how))),
  wait.map((ms) => new Step(`${ms} ms pass`, (truth) => truth.world.advance(ms))),
  wait.map((ms) => new Step(`${ms} ms pass`, (truth) => truth.world.advance(ms))),
  fc
    .constantFrom(...Object.keys(PLANS))
    .map(
      (name) =>
        new Step(`the next request is ${name}`, (truth) => truth.world.provider.plan(PLANS[name] ?? notSent)),
    ),
  fc.constant(
    new Step('the next answer is held', (truth, held) => {
      const { plan, release } = heldAnswer()
      held.release.push(release)
      truth.world.provider.plan(plan)
    }),
  ),
  fc.constant(new Step('held answers arrive', (_truth, held) => releaseAll(held))),
  host.map((index) => new Step(`host ${index} crashes`, (truth) => truth.crash(index))),
  host.map((index) => new Step(`host ${index} is late`, (truth) => truth.hosts[index]?.stall(4 * MINUTE_MS))),
  fc
    .tuple(host, wait)
    .map(
      ([index, ms]) =>
        new Step(`host ${index} is suspended for ${ms} ms`, (truth) => truth.suspend(index, ms)),
    ),
  fc
    .tuple(host, fc.constantFrom(0, HOUR_MS, -HOUR_MS, DAY_MS, -DAY_MS))
    .map(
      ([index, ms]) =>
        new Step(`the wall clock of host ${index} is set ${ms} ms off`, (truth) =>
          truth.hosts[index]?.setWall(ms),
        ),
    ),
  fc.boolean().map(
    (isDown) =>
      new Step(`the store is ${isDown ? 'down' : 'up'}`, (truth) => {
        truth.isStoreDown = isDown
      }),
  ),
  fc.boolean().map(
    (isDown) =>
      new Step(`the cipher is ${isDown ? 'down' : 'up'}`, (truth) => {
        truth.isCipherDown = isDown
      }),
  ),
  fc.constant(
    new Step('the next acknowledgement is lost', (truth) => {
      truth.losesNextAcknowledgement = true
    }),
  ),
  fc.constant(new Step('the person removes the app', (truth) => truth.world.provider.endAll())),
  fc.constant(new Step('disconnect', (truth) => truth.disconnect())),
  fc.constant(new Step('connect again', (truth) => truth.connect())),
]

/** Random lives of one connection with two processes, faults of every kind, and every invariant after each step. */
export function refreshLives(
  mode: Mode,
  open: () => Promise<Environment | undefined>,
): fc.IAsyncPropertyWithHooks<[Iterable<Command>]> {
  return fc.asyncProperty(fc.commands([...commands], { maxCommands: 40 }), async (steps) => {
    const truth = new RefreshTruth(mode, await open())
    await truth.open(HOSTS)
    const held: Held = { release: [] }
    await fc.asyncModelRun(() => ({ model: held, real: truth }), steps)
    releaseAll(held)
    await truth.world.settle()
    await truth.holdsAtRest()
  })
}

function releaseAll(held: Held): void {
  for (const release of held.release.splice(0)) release()
}
