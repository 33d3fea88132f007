import { hash } from 'node:crypto'
import { startWindows } from '../../domain/model/start-limits.ts'
import type { StartLimits, StartWindow } from '../../domain/model/start-limits.ts'
import type { StoreUnavailableError } from '../../domain/errors.ts'
import type { RedisCommands, RedisOptions } from './redis-commands.ts'
import { RedisLink, toUnavailable } from './redis-link.ts'

/** One step of the script. Its keys lie in one slot of a Cluster. */
export type Step =
  /** Counts a start in windows of its tenant. Without an initiator the first window is left out. */
  | { readonly count: readonly string[] }
  | { readonly remember: string; readonly value: string; readonly ttlMs: number }

/*
 * A step is the number of keys to count, or 0 to remember a value under one. Each is all or nothing and answers for
 * itself; one that fails, as with a full memory, answers with the error in a list of one. To count answers 0 and counts
 * everywhere, or counts nowhere and answers the milliseconds to wait; to remember answers 1, or 0 where the key is taken.
 */
const scriptFor = (windows: readonly StartWindow[]): string => `
local windows = { ${windows.map(({ most, lengthMs }) => `{ ${most}, ${lengthMs} }`).join(', ')} }
local function undo(name)
  if redis.call('DECR', name) == 0 then redis.call('DEL', name) end
end
local function count(first, keys)
  for i = 1, keys do
    local name, window = KEYS[first + i], windows[#windows - keys + i]
    local count = redis.call('INCR', name)
    if count == 1 then redis.call('PEXPIRE', name, window[2]) end
    if count > window[1] then
      local wait = math.max(redis.call('PTTL', name), 1)
      for j = i, 1, -1 do undo(KEYS[first + j]) end
      return wait
    end
  end
  return 0
end
local function remember(name, value, ttl)
  return redis.call('SET', name, value, 'PX', ttl, 'NX') and 1 or 0
end
local answers, key, value = {}, 0, 1
while value <= #ARGV do
  local keys, done, answer = tonumber(ARGV[value])
  if keys > 0 then
    done, answer = pcall(count, key, keys)
    key, value = key + keys, value + 1
  else
    done, answer = pcall(remember, KEYS[key + 1], ARGV[value + 1], ARGV[value + 2])
    key, value = key + 1, value + 3
  end
  if not done then answer = { type(answer) == 'table' and answer.err or tostring(answer) } end
  answers[#answers + 1] = answer
end
return answers`

/** More would keep Redis from everybody else, and keep it waiting while we prepare them. */
const MAX_TOGETHER = 32
/** Fewer are not worth a command of their own before the tick is over. */
const MIN_TOGETHER = 8

interface WaitingStep {
  readonly step: Step
  readonly resolve: (answer: number) => void
  readonly reject: (error: unknown) => void
}

export interface JoinedCallsOptions extends RedisOptions {
  /** How much `count` admits. */
  readonly limits?: Partial<StartLimits> | undefined
}

/**
 * Sends what is asked within one tick, by whomever, as few commands: most of what a command costs is its own round trip
 * through client, socket and server. Where keys lie on several nodes each step is a command of its own.
 */
export class JoinedCalls {
  readonly #link: RedisLink
  readonly #script: string
  readonly #sha1: string
  #waiting: WaitingStep[] = []
  #underWay = 0
  #isSplit: boolean

  constructor(options: JoinedCallsOptions) {
    this.#link = new RedisLink(options)
    this.#script = scriptFor(startWindows(options.limits))
    this.#sha1 = hash('sha1', this.#script)
    this.#isSplit = options.client.isCluster === true
  }

  /** Sends the step before the tick is over. @throws StoreUnavailableError */
  ask(step: Step): Promise<number> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.push({ step, resolve, reject })
      if (waiting === 1) process.nextTick(() => this.#flush())
      // As many as Redis has now: it works on these while we prepare the rest, and on the rest while we read the answers.
      else if (waiting >= MAX_TOGETHER || (waiting >= MIN_TOGETHER && waiting >= this.#underWay))
        this.#flush()
    })
  }

  #flush(): void {
    const waiting = this.#waiting
    this.#waiting = []
    if (this.#isSplit) for (const one of waiting) this.#send([one])
    else if (waiting.length > 0) this.#send(waiting)
  }

  #send(group: readonly WaitingStep[]): void {
    this.#underWay += group.length
    const steps = group.map(({ step }) => step)
    this.#link
      .ask((client) => this.#run(client, steps))
      .finally(() => {
        this.#underWay -= group.length
      })
      .then(
        (answers) => {
          for (const [index, { resolve, reject }] of group.entries()) {
            const answer: unknown = Array.isArray(answers) ? answers[index] : undefined
            if (typeof answer === 'number') resolve(answer)
            else reject(stepError(answer))
          }
        },
        (error: unknown) => {
          for (const { reject } of group) reject(error)
        },
      )
  }

  async #run(client: RedisCommands, steps: readonly Step[]): Promise<unknown> {
    try {
      return await this.#runScript(client, steps)
    } catch (error) {
      // A proxy looks like one node and hides several. It refused all of the command.
      if (steps.length === 1 || !isReply(error, 'CROSSSLOT')) throw error
      this.#isSplit = true
      return (await Promise.all(steps.map((step) => this.#runScript(client, [step])))).flat()
    }
  }

  async #runScript(client: RedisCommands, steps: readonly Step[]): Promise<unknown> {
    const keys: string[] = []
    const values: (string | number)[] = []
    for (const step of steps) {
      if ('count' in step) {
        keys.push(...step.count)
        values.push(step.count.length)
      } else {
        keys.push(step.remember)
        values.push(0, step.value, step.ttlMs)
      }
    }
    try {
      return await client.evalsha(this.#sha1, keys.length, ...keys, ...values)
    } catch (error) {
      // Redis does not know the script before its first use, nor after a restart.
      if (!isReply(error, 'NOSCRIPT')) throw error
      return client.eval(this.#script, keys.length, ...keys, ...values)
    }
  }
}

function isReply(error: unknown, code: string): boolean {
  return error instanceof Error && error.message.startsWith(code)
}

function stepError(answer: unknown): StoreUnavailableError {
  const message: unknown = Array.isArray(answer) ? answer[0] : undefined
  return toUnavailable(typeof message === 'string' ? new Error(message) : undefined)
}
