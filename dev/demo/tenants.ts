import { randomBytes } from 'node:crypto'
import type { Principal } from '../../src/web/index.ts'

/** One customer of the demo's host, with the user who is signed in for it. */
export interface DemoTenant {
  readonly id: string
  readonly name: string
  readonly user: { readonly id: string; readonly name: string }
}

const acme: DemoTenant = { id: 'acme', name: 'Acme Shop', user: { id: 'amy', name: 'Amy' } }

export const demoTenants: readonly DemoTenant[] = [
  acme,
  { id: 'borealis', name: 'Borealis Outdoor', user: { id: 'bo', name: 'Bo' } },
]

/** Who is signed in, as the host's own session says. */
export interface DemoSession {
  readonly id: string
  readonly tenant: DemoTenant
}

const COOKIE = 'demo_session'

/** A demo has no passwords: whoever comes is signed in for the first tenant, and may switch. */
export function newSession(tenantId: string | null = acme.id): { session: DemoSession; cookie: string } {
  const tenant = demoTenants.find(({ id }) => id === tenantId) ?? acme
  const id = randomBytes(16).toString('base64url')
  return {
    session: { id, tenant },
    cookie: `${COOKIE}=${tenant.id}.${id}; Path=/; HttpOnly; SameSite=Lax`,
  }
}

export function sessionOf(request: Request): DemoSession | undefined {
  const cookie = new RegExp(`(?:^|; )${COOKIE}=([a-z]+)\\.([A-Za-z0-9_-]{22})(?:;|$)`)
  const [, tenantId, id] = cookie.exec(request.headers.get('cookie') ?? '') ?? []
  const tenant = demoTenants.find((one) => one.id === tenantId)
  return tenant === undefined || id === undefined ? undefined : { id, tenant }
}

export function principalOf(request: Request): Principal | null {
  const session = sessionOf(request)
  if (session === undefined) return null
  return { tenantId: session.tenant.id, userId: session.tenant.user.id, sessionId: session.id }
}
