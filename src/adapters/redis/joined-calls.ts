import { hash } from 'node:crypto'
import type { StoreUnavailableError } from '../../domain/errors.ts'
import type { RedisCommands, RedisOptions } from './redis-commands.ts'
import { RedisLink, toUnavailable } from './redis-link.ts'

/** One step of the script. Its keys lie in one slot of a Cluster. */
export interface Step {
  readonly name: 'count' | 'remember'
  readonly keys: readonly string[]
  /** `count`: for each key how many are too many and the window's milliseconds. `remember`: the value and its milliseconds. */
  readonly values: readonly (string | number)[]
}

/*
 * Each step is all or nothing and answers for itself; one that fails, as with a full memory, answers with the error in a
 * list of one. `count` answers 0 and counts everywhere, or counts nowhere and answers the milliseconds to wait;
 * `remember` answers 1, or 0 where the key is taken.
 */
const SCRIPT = `
local key, value = 0, 0
local function next_value() value = value + 1 return ARGV[value] end
local steps = {}
local function undo(name)
  if redis.call('DECR', name) == 0 then redis.call('DEL', name) end
end
function steps.count(first, keys, values)
  for i = 1, keys do
    local name, count = KEYS[first + i], redis.call('INCR', KEYS[first + i])
    if count == 1 then redis.call('PEXPIRE', name, ARGV[values + 2 * i]) end
    if count > tonumber(ARGV[values + 2 * i - 1]) then
      local wait = math.max(redis.call('PTTL', name), 1)
      for j = i, 1, -1 do undo(KEYS[first + j]) end
      return wait
    end
  end
  return 0
end
function steps.remember(first, keys, values)
  return redis.call('SET', KEYS[first + 1], ARGV[values + 1], 'PX', ARGV[values + 2], 'NX') and 1 or 0
end
local answers = {}
while value < #ARGV do
  local name, keys = next_value(), tonumber(next_value())
  local done, answer = pcall(steps[name], key, keys, value)
  if not done then answer = { type(answer) == 'table' and answer.err or tostring(answer) } end
  answers[#answers + 1] = answer
  key, value = key + keys, value + 2 * keys
end
return answers`

const SCRIPT_SHA1 = hash('sha1', SCRIPT)
/** More would keep Redis from everybody else, and keep it waiting while we prepare them. */
const MOST_TOGETHER = 32

interface WaitingStep {
  readonly step: Step
  readonly resolve: (answer: number) => void
  readonly reject: (error: unknown) => void
}

/**
 * Sends what is asked within one tick, by whomever, as one command: most of what a command costs is its own round trip
 * through client, socket and server. Where keys lie on several nodes each step is a command of its own.
 */
export class JoinedCalls {
  readonly #link: RedisLink
  #waiting: WaitingStep[] = []
  #isSplit: boolean

  constructor(options: RedisOptions) {
    this.#link = new RedisLink(options)
    this.#isSplit = options.client.isCluster === true
  }

  /** Sends the step before the tick is over. @throws StoreUnavailableError */
  ask(step: Step): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ step, resolve, reject }) === 1) {
        process.nextTick(() => {
          this.#flush()
        })
      } else if (this.#waiting.length >= MOST_TOGETHER) this.#flush()
    })
  }

  #flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    if (this.#isSplit) for (const one of waiting) void this.#send([one])
    else if (waiting.length > 0) void this.#send(waiting)
  }

  async #send(group: readonly WaitingStep[]): Promise<void> {
    try {
      const steps = group.map(({ step }) => step)
      const answers = await this.#link.ask((client) => this.#run(client, steps))
      for (const [index, { resolve, reject }] of group.entries()) {
        const answer: unknown = Array.isArray(answers) ? answers[index] : undefined
        if (typeof answer === 'number') resolve(answer)
        else reject(stepError(answer))
      }
    } catch (error) {
      for (const { reject } of group) reject(error)
    }
  }

  async #run(client: RedisCommands, steps: readonly Step[]): Promise<unknown> {
    try {
      return await runScript(client, steps)
    } catch (error) {
      // A proxy looks like one node and hides several. It refused all of the command.
      if (steps.length === 1 || !(error instanceof Error) || !error.message.startsWith('CROSSSLOT'))
        throw error
      this.#isSplit = true
      return (await Promise.all(steps.map((step) => runScript(client, [step])))).flat()
    }
  }
}

async function runScript(client: RedisCommands, steps: readonly Step[]): Promise<unknown> {
  const keys = steps.flatMap((step) => step.keys)
  const values = steps.flatMap((step) => [step.name, step.keys.length, ...step.values])
  try {
    return await client.evalsha(SCRIPT_SHA1, keys.length, ...keys, ...values)
  } catch (error) {
    // Redis does not know the script before its first use, nor after a restart.
    if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error
    return client.eval(SCRIPT, keys.length, ...keys, ...values)
  }
}

function stepError(answer: unknown): StoreUnavailableError {
  const message: unknown = Array.isArray(answer) ? answer[0] : undefined
  return toUnavailable(typeof message === 'string' ? new Error(message) : undefined)
}
