import type { Secret } from '../../../src/domain/model/secret.ts'
import { heldAnswer } from './model-provider.ts'
import { KEY } from './refresh-world.ts'
import type { Host, RefreshWorld } from './refresh-world.ts'

/** A refresh that `host` was asked for: the provider has acted, and its answer waits for `release` to be called. */
export async function heldRefresh(
  world: RefreshWorld,
  host: Host,
): Promise<{ readonly asked: Promise<Secret>; readonly release: () => void }> {
  const held = heldAnswer()
  world.provider.plan(held.plan)
  const asked = host.tokens.get(KEY)
  asked.catch(() => undefined)
  await held.sent
  return { asked, release: held.release }
}
