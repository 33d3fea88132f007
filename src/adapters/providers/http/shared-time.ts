import { MINUTE_MS } from '../../../domain/model/time.ts'
import type { ProviderHttp } from './provider-http.ts'

/** A person waits for it, and a platform may name a next page for as long as it likes. */
const EXAMINATION_MS = 2 * MINUTE_MS

/** The same, from now on and with `ms` for all requests together: by default what one examination may take. */
export function sharingTime(http: ProviderHttp, ms = EXAMINATION_MS): ProviderHttp {
  const endsAt = performance.now() + ms
  return {
    send: (request) => {
      const leftMs = Math.max(0, endsAt - performance.now())
      return http.send({ ...request, hardTimeoutMs: Math.min(request.hardTimeoutMs ?? Infinity, leftMs) })
    },
  }
}
