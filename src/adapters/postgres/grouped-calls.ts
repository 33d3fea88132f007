interface WaitingCall<Call, Answer> {
  readonly call: Call
  readonly resolve: (answer: Answer) => void
  readonly reject: (error: unknown) => void
}

export interface GroupLimits {
  readonly maxCalls: number
  /** How many groups may be under way; those that come then wait, and travel together. */
  readonly maxGroups: number
}

/**
 * Sends calls that are made at about the same time together: those of one turn of the event loop, and those that come
 * while earlier ones are on their way. A single call is a group of one.
 */
export class GroupedCalls<Call, Answer> {
  readonly #send: (calls: readonly Call[]) => Promise<readonly Answer[]>
  readonly #limits: GroupLimits
  #waiting: WaitingCall<Call, Answer>[] = []
  #isScheduled = false
  #groupsUnderWay = 0

  /** `send` answers each call at the call's place, or rejects for all. */
  constructor(send: (calls: readonly Call[]) => Promise<readonly Answer[]>, limits: GroupLimits) {
    this.#send = send
    this.#limits = limits
  }

  call(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject })
      this.#schedule()
    })
  }

  #schedule(): void {
    if (this.#isScheduled || this.#groupsUnderWay >= this.#limits.maxGroups) return
    this.#isScheduled = true
    process.nextTick(() => {
      this.#isScheduled = false
      void this.#sendGroup(this.#waiting.splice(0, this.#nextSize()))
      if (this.#waiting.length > 0) this.#schedule()
    })
  }

  /** Its part for each group that may leave, so that one is served while the answers to another are read. */
  #nextSize(): number {
    const { maxCalls, maxGroups } = this.#limits
    return Math.min(maxCalls, Math.ceil(this.#waiting.length / (maxGroups - this.#groupsUnderWay)))
  }

  async #sendGroup(group: readonly WaitingCall<Call, Answer>[]): Promise<void> {
    this.#groupsUnderWay += 1
    try {
      const answers = await this.#send(group.map(({ call }) => call))
      for (const [index, { resolve, reject }] of group.entries()) {
        const answer = answers[index]
        if (answer === undefined) reject(new Error('A call of the group was not answered'))
        else resolve(answer)
      }
    } catch (error) {
      for (const { reject } of group) reject(error)
    } finally {
      this.#groupsUnderWay -= 1
      if (this.#waiting.length > 0) this.#schedule()
    }
  }
}
