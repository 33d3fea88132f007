import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'

function sources(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
}

/** Whether something is there at all, or text at all, is no secret. */
const WITH_NOTHING = /[!=]==?\s*(undefined|null|''|'string'|index\b)/g
const SECRETS = '(mac|digest|signature|hash|secret|verifier|nonce|token)'
const BY_OPERATOR = new RegExp(`${SECRETS}\\)*\\s*[!=]==?|[!=]==?\\s*[\\w.#]*${SECRETS}\\b`, 'i')

/** Compares what the sender of a request wrote with another spelling of the same. */
const WITHOUT_A_SECRET = ["const isCanonical = given.toString('base64url') === signature"]

function comparesByOperator(line: string): boolean {
  return BY_OPERATOR.test(line.replace(WITH_NOTHING, '')) && !WITHOUT_A_SECRET.includes(line.trim())
}

test('no MAC, digest, signature or secret is compared by an operator, which would tell by its time how much was right', () => {
  const files = ['src/domain', 'src/web', 'src/application', 'src/adapters'].flatMap(sources)
  const found = files.flatMap((file) =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter(comparesByOperator)
      .map((line) => `${file}: ${line.trim()}`),
  )

  expect(files.length).toBeGreaterThan(100)
  expect(found).toEqual([])
})

test.each(['if (mac === given) return', 'return given !== this.signature', 'a.hash == b', 'x === #secret'])(
  'such a comparison is seen where there is one: %s',
  (line) => {
    expect(comparesByOperator(line)).toBe(true)
  },
)

test('the two comparisons that there are take constant time', () => {
  const digest = readFileSync('src/adapters/node/digest.ts', 'utf8')
  const secret = readFileSync('src/domain/model/secret.ts', 'utf8')

  expect(digest).toContain('timingSafeEqual(')
  expect(secret).toContain('difference |= ')
  expect(secret).not.toMatch(/#value\s*[!=]==?/)
})
