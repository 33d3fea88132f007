import type { EmulatedPlatform } from './platform.ts'
import type { RotationMode } from './rotation.ts'

/** Lifetimes in seconds; `null` means that it never ends. */
export interface Lifetimes {
  readonly code: number
  readonly access: number | null
  /** Meta: the token that a short one is exchanged for. */
  readonly longLived: number | null
  readonly refresh: number | null
  /** Meta: how long the app may read the person's data after a consent. */
  readonly dataAccess: number | null
  /** Meta: a long-lived token younger than this is given back unchanged on exchange. */
  readonly reissueAfter: number
}

const day = 86_400
const usual: Lifetimes = {
  code: 600,
  access: 3600,
  longLived: null,
  refresh: null,
  dataAccess: null,
  reissueAfter: 0,
}

const initial: Readonly<Record<EmulatedPlatform, Lifetimes>> = {
  meta: { ...usual, access: 5400, longLived: 5_183_944, dataAccess: 90 * day },
  google_ads: { ...usual, access: 3599 },
  tiktok: { ...usual, code: 3600, access: null },
  klaviyo: { ...usual, code: 300, refresh: 90 * day },
  standard: { ...usual, code: 60 },
}

/** What a test may turn while the emulator runs. */
export class Settings {
  readonly #lifetimes = new Map<EmulatedPlatform, Lifetimes>()
  readonly #rotation = new Map<EmulatedPlatform, RotationMode>()
  readonly #latencyMs = new Map<EmulatedPlatform, number>()
  readonly #budget = new Map<EmulatedPlatform, number>()
  /** Meta's "Require App Secret" switch. */
  requiresAppSecretProof = false

  lifetimes(platform: EmulatedPlatform): Lifetimes {
    return this.#lifetimes.get(platform) ?? initial[platform]
  }

  setLifetimes(platform: EmulatedPlatform, change: Partial<Lifetimes>): void {
    this.#lifetimes.set(platform, { ...this.lifetimes(platform), ...change })
  }

  rotation(platform: EmulatedPlatform): RotationMode {
    return this.#rotation.get(platform) ?? (platform === 'klaviyo' ? 'single_use' : 'none')
  }

  setRotation(platform: EmulatedPlatform, mode: RotationMode): void {
    this.#rotation.set(platform, mode)
  }

  latencyMs(platform: EmulatedPlatform): number {
    return this.#latencyMs.get(platform) ?? 0
  }

  setLatency(platform: EmulatedPlatform, ms: number): void {
    this.#latencyMs.set(platform, ms)
  }

  /** Requests that the app may make in any one second; undefined when unlimited. */
  budget(platform: EmulatedPlatform): number | undefined {
    return this.#budget.get(platform)
  }

  setBudget(platform: EmulatedPlatform, perSecond: number | null): void {
    if (perSecond === null) this.#budget.delete(platform)
    else this.#budget.set(platform, perSecond)
  }
}
