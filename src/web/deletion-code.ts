import { createHmac } from 'node:crypto'
import { SECOND_MS } from '../domain/model/time.ts'
import type { Instant } from '../domain/model/time.ts'
import type { Digest } from '../ports/digest.ts'

/**
 * The code with which a person can check that their data was deleted. It carries its own proof, so that nothing has to be
 * stored about them. The proof uses the app's secret, because people come back long after the keys of states have changed.
 */
export function deletionCode(
  digest: Digest,
  [current]: readonly [string, ...string[]],
  { at, subjectId }: { readonly at: Instant; readonly subjectId: string },
): string {
  // In hex, which people can read out and mail clients do not break.
  const subject = Buffer.from(digest.sha256(`deletion:${subjectId}`), 'base64url')
    .toString('hex')
    .slice(0, 12)
  const content = `${Math.floor(at / SECOND_MS).toString(36)}-${subject}`
  return `${content}-${macOf(current, content).toString('hex')}`
}

/** When the deletion that a code confirms took place; `undefined` for a code that was made with none of the secrets. */
export function deletedAt(digest: Digest, appSecrets: readonly string[], code: string): Instant | undefined {
  const [at = '', subject = '', mac = ''] = code.split('-')
  const isOurs = appSecrets.some((secret) =>
    digest.equal(macOf(secret, `${at}-${subject}`).toString('hex'), mac),
  )
  return isOurs ? Number.parseInt(at, 36) * SECOND_MS : undefined
}

/** Uses a key derived for this purpose only: Meta signs what it sends with the secret itself. */
function macOf(appSecret: string, content: string): Buffer {
  const key = createHmac('sha256', appSecret).update('deletion code').digest()
  return createHmac('sha256', key).update(content).digest()
}
