import type { EmulatedPlatform } from './platform.ts'

/** Something that goes wrong, or is merely slow, instead of or around a right answer. */
export interface Fault {
  /** With `body` or `headers`: answered instead of what the platform would say. */
  readonly status?: number
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** The platform does what was asked, and only then is the answer replaced. */
  readonly handled?: boolean
  /** Members laid over the JSON object of the right answer; `null` is sent as null. */
  readonly merge?: Readonly<Record<string, unknown>>
  /** Members taken out of the JSON object of the right answer. */
  readonly omit?: readonly string[]
  /** Waits before the platform does anything. */
  readonly delayMs?: number
  /** Waits between having done it and answering. */
  readonly delayAfterMs?: number
  /** Never answers. */
  readonly hang?: boolean
  /** Resets the connection: `before` the platform does anything, or `after` it has. */
  readonly reset?: 'before' | 'after'
  /** Sends the body one byte at a time with this pause, in milliseconds. */
  readonly drip?: number
  /** Sends this many bytes of the body and then resets the connection. */
  readonly cutAfterBytes?: number
  /** Sends a body of this many bytes of filler. */
  readonly flood?: number
  /** Written to the socket instead of an HTTP answer, and the connection ended. */
  readonly raw?: string
  /** How many requests it befalls; 1 by default, `null` until cleared. */
  readonly times?: number | null
}

interface ScriptedFault {
  readonly id: number
  readonly platform: EmulatedPlatform
  readonly route: string
  readonly fault: Fault
  left: number
}

/** The faults that are still to come, first scripted first. */
export class FaultScript {
  readonly #faults: ScriptedFault[] = []
  #count = 0

  add(platform: EmulatedPlatform, route: string, fault: Fault): number {
    this.#count += 1
    const left = fault.times === null ? Number.POSITIVE_INFINITY : (fault.times ?? 1)
    this.#faults.push({ id: this.#count, platform, route, fault, left })
    return this.#count
  }

  /** Clears that fault, or all. */
  clear(id?: number): void {
    for (const scripted of this.#faults) {
      if (id === undefined || scripted.id === id) scripted.left = 0
    }
  }

  /** The fault for a request that goes by these names; `*` is the name of every request. */
  take(platform: EmulatedPlatform, names: readonly string[]): Fault | undefined {
    const next = this.#faults.find(
      (scripted) =>
        scripted.left > 0 &&
        scripted.platform === platform &&
        (scripted.route === '*' || names.includes(scripted.route)),
    )
    if (!next) return undefined
    next.left -= 1
    return next.fault
  }
}
