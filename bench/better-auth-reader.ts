import { betterAuth } from 'better-auth'
import { symmetricEncrypt } from 'better-auth/crypto'
import { getMigrations } from 'better-auth/db/migration'
import { Pool } from 'pg'
import { pick } from './rounds.ts'

export interface BetterAuthReader {
  readonly read: (turn: number) => Promise<string>
  close(): Promise<void>
}

const BATCH = 1_000

/** better-auth with encrypted tokens over its own tables in the same database: an account with a fresh token a tenant. */
export async function betterAuthReader(url: string, ids: readonly string[]): Promise<BetterAuthReader> {
  const pool = new Pool({ connectionString: url, max: 10 })
  pool.on('error', () => undefined)
  const auth = betterAuth({
    database: pool,
    secret: '5f0c1d7a93e84b26a1d0c3e9f7b2846d',
    baseURL: 'https://app.example.com',
    logger: { disabled: true },
    account: { encryptOAuthTokens: true },
    socialProviders: { google: { clientId: 'client', clientSecret: 'secret' } },
  })
  await (await getMigrations(auth.options)).runMigrations()
  const context = await auth.$context
  const accessToken = await symmetricEncrypt({ key: context.secretConfig, data: `ya29.${'x'.repeat(195)}` })
  for (let start = 0; start < ids.length; start += BATCH) {
    const batch = ids.slice(start, start + BATCH)
    await pool.query(
      `INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
       SELECT u, u, u || '@example.com', true, now(), now() FROM unnest($1::text[]) AS u`,
      [batch],
    )
    await pool.query(
      `INSERT INTO account (id, "accountId", "providerId", "userId", "accessToken", "accessTokenExpiresAt", scope,
         "createdAt", "updatedAt")
       SELECT 'account-' || u, u, 'google', u, $2, now() + interval '1 hour', 'openid', now(), now()
       FROM unnest($1::text[]) AS u`,
      [batch, accessToken],
    )
  }
  await pool.query('VACUUM ANALYZE account')
  return {
    read: async (turn) => {
      const id = pick(ids, turn)
      const tokens = await auth.api.getAccessToken({ body: { accountId: `account-${id}`, userId: id } })
      return tokens.accessToken
    },
    close: () => pool.end(),
  }
}
