import { z } from 'zod'
import { emulatedPlatforms } from './platform.ts'
import type { PlatformService } from './server.ts'
import type { World } from './world.ts'

const tokenShape = z.object({
  value: z.string(),
  kind: z.enum(['access', 'refresh']),
  issuedAt: z.number(),
  expiresAt: z.number().nullable(),
  state: z.enum(['live', 'spent', 'revoked']),
  graceUntil: z.number().optional(),
  isLongLived: z.boolean(),
})

const reasons = ['app_removed', 'password_changed', 'checkpoint', 'revoked', 'reuse', 'crowded_out'] as const

const grantShape = z.object({
  id: z.string(),
  platform: z.enum(emulatedPlatforms),
  clientId: z.string(),
  person: z.string(),
  scopes: z.array(z.string()),
  startedAt: z.number(),
  ended: z.object({ at: z.number(), reason: z.enum(reasons) }).optional(),
  tokens: z.array(tokenShape),
})

const snapshotShape = z.object({ offsetMs: z.number(), grants: z.array(grantShape) })

/** What outlives a process of the emulator. Codes do not: they last minutes. */
export type EmulatorSnapshot = z.output<typeof snapshotShape>

/** What was given is no snapshot. */
export class EmulatorSnapshotError extends Error {
  override readonly name = 'EmulatorSnapshotError'
  readonly code = 'snapshot_invalid'

  constructor() {
    super('the snapshot is not one of this emulator: start without it')
  }
}

export function snapshotOf(world: World): EmulatorSnapshot {
  return {
    offsetMs: world.offsetMs,
    grants: world.ledger.lineages().map((lineage) => ({
      id: lineage.id,
      platform: lineage.platform,
      clientId: lineage.clientId,
      person: lineage.person,
      scopes: [...lineage.scopes],
      startedAt: lineage.startedAt,
      ...(lineage.ended ? { ended: lineage.ended } : {}),
      tokens: lineage.tokens.map(({ lineage: _lineage, parent: _parent, ...token }) => token),
    })),
  }
}

/** Which refresh gave which token is not known any more: a grace that runs ends by the clock alone. */
export function restoreSnapshot(snapshot: unknown, world: World, services: readonly PlatformService[]): void {
  const parsed = snapshotShape.safeParse(snapshot)
  if (!parsed.success) throw new EmulatorSnapshotError()
  world.advance(parsed.data.offsetMs)
  for (const { tokens, ended, ...grant } of parsed.data.grants) {
    const lineage = world.ledger.restore(grant)
    if (ended) lineage.ended = ended
    else services.find(({ platform }) => platform === grant.platform)?.grant?.(grant.person, grant.scopes)
    for (const { graceUntil, ...token } of tokens) {
      world.ledger.keep({ ...token, lineage, ...(graceUntil === undefined ? {} : { graceUntil }) })
    }
  }
}
