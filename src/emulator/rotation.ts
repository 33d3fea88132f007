import type { Issue, TokenRecord, TokenWish } from './ledger.ts'
import type { World } from './world.ts'

/**
 * What becomes of a refresh token when it is used.
 * `none`: it stays. `grace:<ms>`: the old one is honoured that much longer, or until its successor is used.
 * `single_use`: dead at once. `revoking`: dead at once, and a second use ends the whole grant.
 */
export type RotationMode = 'none' | 'single_use' | 'revoking' | `grace:${number}`

export function isRotationMode(value: unknown): value is RotationMode {
  return typeof value === 'string' && /^(none|single_use|revoking|grace:\d+)$/.test(value)
}

/** Spends `token` by the platform's mode; undefined when the platform refuses it. */
export function spendRefreshToken(
  world: World,
  token: TokenRecord,
  wish: { readonly access: TokenWish; readonly successor: () => TokenWish },
): Issue | undefined {
  const { ledger, settings } = world
  const mode = settings.rotation(token.lineage.platform)
  if (token.state === 'spent') {
    const withinGrace = ledger.isHonoured(token)
    token.lineage.reuses.push({ at: world.now(), token: token.value, withinGrace })
    if (!withinGrace && mode === 'revoking') ledger.end(token.lineage, 'reuse')
  }
  if (!ledger.isHonoured(token)) return undefined
  ledger.noteUse(token)
  if (mode === 'none') return ledger.issue(token.lineage, { access: wish.access, parent: token })
  const isFirstUse = token.state === 'live'
  token.state = 'spent'
  if (isFirstUse && mode.startsWith('grace:'))
    token.graceUntil = world.now() + Number(mode.slice('grace:'.length))
  return ledger.issue(token.lineage, { access: wish.access, refresh: wish.successor(), parent: token })
}
