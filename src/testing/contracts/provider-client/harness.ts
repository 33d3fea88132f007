import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { ProviderFailure } from '../../../domain/provider-failure.ts'
import type { FailureKind } from '../../../domain/provider-failure.ts'
import type { ProviderClient } from '../../../ports/provider-client.ts'
import type { PlatformAnswer, PlatformRequest, ScriptedPlatform } from '../../scripted-platform.ts'

/** One of the client's methods, ready to be called, and how its platform answers. */
export interface ProviderCall {
  readonly name: 'exchangeCode' | 'refresh' | 'examine' | 'verify' | 'revoke'
  run(): Promise<unknown>
  /** What the platform says to each of the call's requests when all is well. */
  answer(request: PlatformRequest): PlatformAnswer
  /** What the first request must carry, in query, form or JSON. */
  readonly sends?: Readonly<Record<string, string>>
  /** Success is told by the status alone. */
  readonly ignoresBody?: boolean
  /** An empty object is a right answer: this platform leaves empty members out. */
  readonly takesEmptyObject?: boolean
}

/** What the platform says when it refuses, and what that means; `success`: to be refused is as good. */
export interface ProviderRefusal {
  readonly call: ProviderCall['name']
  readonly title: string
  readonly answer: PlatformAnswer
  readonly means: FailureKind | 'success'
}

/** A client under test, and what its platform is made to say. */
export interface ProviderClientHarness {
  readonly client: ProviderClient
  readonly calls: readonly ProviderCall[]
  readonly refusals: readonly ProviderRefusal[]
  /** Everything that must not be printed: credentials, client secret, code, verifier. Long enough to be found. */
  readonly secrets: readonly string[]
  /** Paths whose query holds a secret, because the platform takes it nowhere else. */
  readonly secretPaths?: readonly string[]
  /** Within which every request settles, whatever the platform does: a second or less, for the sake of the suite. */
  readonly hardTimeoutMs: number
  readonly close?: () => void
}

/** Builds the client for a platform that listens at `platformUrl`, on loopback, over plain HTTP. */
export type OpenProviderClient = (platformUrl: string) => ProviderClientHarness

export interface ProviderClientSetting extends ProviderClientHarness {
  readonly platform: ScriptedPlatform
  /** Another client, of a platform where nobody listens. */
  readonly openAt: OpenProviderClient
}

export type ProviderClientPromises = Readonly<
  Record<string, (setting: ProviderClientSetting) => Promise<void>>
>

/** Lets the call fail and gives its failure. @throws AssertionError when it succeeds or fails with anything else */
export async function failureOf(call: ProviderCall, situation: string): Promise<ProviderFailure> {
  const outcome: unknown = await call.run().then(
    () => undefined,
    (error: unknown) => error,
  )
  assert.ok(
    outcome instanceof ProviderFailure,
    `${call.name}, ${situation}: rejects with ProviderFailure, not with ${inspect(outcome)}`,
  )
  return outcome
}

/** The calls that bring tokens: they may have been acted on, and are never repeated. */
export function tokenCalls(calls: readonly ProviderCall[]): readonly ProviderCall[] {
  return calls.filter(({ name }) => name === 'exchangeCode' || name === 'refresh')
}
