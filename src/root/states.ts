import { createHash } from 'node:crypto'
import { AesGcmCipher, KeyRing, RingStateKeys } from '../adapters/aes-gcm/index.ts'
import { IDS } from '../application/container/identifiers.ts'
import { ConfigInvalidError, StateInvalidError } from '../domain/errors.ts'
import { DEFAULT_LABEL, parseTenantId } from '../domain/model/identifiers.ts'
import { parseReturnUrl } from '../domain/model/return-url.ts'
import { StateService } from '../domain/services/state-service.ts'
import { defaultContainer } from './default-container.ts'

/** What stands in for a provider in states that the host uses for flows of its own. */
const HOST = 'host'
const NONCE_LENGTH = 43
const MAX_RINGS = 16

const rings = new Map<string, KeyRing>()

/**
 * A state for an authorization request of the host's own: signed, opaque, single-use, good for ten minutes.
 * @throws config_invalid when `secret` is shorter than 32 characters, tenant_invalid, return_url_refused,
 * limit_exceeded, store_unavailable
 */
export async function createOAuthState(
  tenantId: string,
  returnUrl: string,
  secret: string,
): Promise<{ state: string; nonce: string }> {
  const container = await defaultContainer()
  const { allowedReturnOrigins } = container.get(IDS.CoreSettings)
  const states = await statesUnder(secret)
  const state = await states.issue({
    tenantId: parseTenantId(tenantId),
    provider: HOST,
    label: DEFAULT_LABEL,
    returnUrl: parseReturnUrl(returnUrl, allowedReturnOrigins),
    redirectUri: '',
    clientId: '',
    scopes: [],
    allowAccountChange: false,
    startedAt: container.get(IDS.Clock).now(),
  })
  return { state, nonce: state.slice(0, NONCE_LENGTH) }
}

/**
 * Succeeds once for each state, then fails. `timestamp`: when the state was made, in milliseconds since
 * 1970-01-01T00:00:00Z.
 * @throws state_invalid, config_invalid, store_unavailable
 */
export async function validateOAuthState(
  state: string,
  secret: string,
): Promise<{ tenantId: string; returnUrl: string; nonce: string; timestamp: number }> {
  if (typeof state !== 'string') throw new StateInvalidError()
  const states = await statesUnder(secret)
  const { tenantId, returnUrl, startedAt } = await states.redeem(state, HOST)
  await states.bar(state)
  return { tenantId, returnUrl, nonce: state.slice(0, NONCE_LENGTH), timestamp: startedAt }
}

async function statesUnder(secret: string): Promise<StateService> {
  const container = await defaultContainer()
  const ring = ringOf(secret)
  return new StateService({
    states: container.get(IDS.StateStore),
    consumed: container.get(IDS.ConsumedStates),
    limiter: container.get(IDS.StartLimiter),
    cipher: new AesGcmCipher({ rings: { general: ring } }),
    keys: new RingStateKeys(ring),
    digest: container.get(IDS.Digest),
    random: container.get(IDS.RandomSource),
    clock: container.get(IDS.Clock),
  })
}

/** A passphrase is stretched once, not for every state. */
function ringOf(secret: string): KeyRing {
  if (typeof secret !== 'string')
    throw new ConfigInvalidError(['secret: must be text of 32 or more characters'])
  const name = createHash('sha256').update(secret).digest('base64url')
  const known = rings.get(name)
  if (known !== undefined) return known
  const ring = new KeyRing({ name: 'secret', primary: secret })
  const [oldest] = rings.keys()
  if (rings.size >= MAX_RINGS && oldest !== undefined) rings.delete(oldest)
  rings.set(name, ring)
  return ring
}
