import { Client } from 'pg'
import { nodeCodeOf } from './store-error.ts'

const EXAMPLE = 'postgres://user:password@host:5432/database'
const ENCODING = 'in its user and password, characters such as / # ? % must be percent-encoded'

/**
 * What is wrong with a connection string, in words that repeat nothing of it; `undefined`: nothing that shows before it is
 * used. The driver would take another scheme for its own, and half a password for a port.
 */
export function connectionProblem(connectionString: string): string | undefined {
  const isSocket = connectionString.startsWith('/')
  if (!isSocket && !/^(postgres|postgresql|socket):/.test(connectionString))
    return `must be a URL such as ${EXAMPLE}`
  try {
    // Reads the files of certificates and connects to nothing.
    new Client({ connectionString })
  } catch (error) {
    const code = nodeCodeOf(error)
    if (code !== undefined && code !== 'ERR_INVALID_URL') return `names a file that cannot be read (${code})`
    return `must be a URL such as ${EXAMPLE}; ${ENCODING}, and a port is at most 65535`
  }
  return isCutShort(connectionString) ? `must be a URL such as ${EXAMPLE}; ${ENCODING}` : undefined
}

/** An @ that only comes after what ends the host was to divide the host from a password. */
function isCutShort(url: string): boolean {
  return url.includes('#') || /^[a-z]+:\/\/[^/?#@]+[/?][^=]*@/.test(url)
}
