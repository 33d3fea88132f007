import type { IncomingHttpHeaders } from 'node:http'
import type { EmulatedPlatform } from './platform.ts'

/** A request as it arrived, secrets and all: it exists in the emulator's memory only. */
export interface LoggedRequest {
  readonly platform: EmulatedPlatform
  readonly routes: readonly string[]
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  /** The emulator's monotonic clock, in milliseconds. */
  readonly arrivedAt: number
  answeredAt?: number
  status?: number
  /** Bytes of the body that were handed to the socket. */
  sentBytes: number
}

const most = 200_000

/** What has been asked, oldest first; beyond 200,000 requests the oldest are forgotten. */
export class RequestLog {
  #requests: LoggedRequest[] = []

  add(request: LoggedRequest): void {
    this.#requests.push(request)
    if (this.#requests.length > most * 1.1) this.#requests = this.#requests.slice(-most)
  }

  list(platform?: EmulatedPlatform, route?: string): readonly LoggedRequest[] {
    return this.#requests.filter(
      (request) =>
        (platform === undefined || request.platform === platform) &&
        (route === undefined || request.routes.includes(route)),
    )
  }

  clear(): void {
    this.#requests = []
  }
}
