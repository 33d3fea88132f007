import assert from 'node:assert/strict'
import { inspect } from 'node:util'
import { parseTenantId } from '../../domain/model/identifiers.ts'
import { Secret } from '../../domain/model/secret.ts'
import { asSealed } from '../../ports/cipher.ts'
import type { Cipher, SealContext, Sealed } from '../../ports/cipher.ts'
import type { RegisterTest } from './register-test.ts'

export interface CipherHarness {
  readonly cipher: Cipher
  /** The same keys after a rotation: seals under a new one and still opens what was sealed before. */
  rotated(): Promise<Cipher>
  /** Keys of somebody else. */
  stranger(): Promise<Cipher>
  close(): Promise<void>
}

const CONNECTION = {
  purpose: 'connection',
  tenantId: parseTenantId('tenant-a'),
  provider: 'meta',
  connectionId: 'connection-1',
  grantId: 'grant-1',
  tokenVersion: 3,
  field: 'access_token',
} as const satisfies SealContext

const CANDIDATE = {
  purpose: 'candidate',
  tenantId: CONNECTION.tenantId,
  provider: 'meta',
  connectionId: 'connection-1',
  grantId: 'grant-1',
  parentVersion: 3,
  field: 'access_token',
} as const satisfies SealContext

const STATE = { purpose: 'state', provider: 'meta', stateHash: 'hash-1' } as const satisfies SealContext

/** What a value must not open for, when it was sealed for `CONNECTION`: each differs in one thing. */
const OTHERS: Readonly<Record<string, SealContext>> = {
  'another tenant': { ...CONNECTION, tenantId: parseTenantId('tenant-b') },
  'another provider': { ...CONNECTION, provider: 'tiktok' },
  'another connection': { ...CONNECTION, connectionId: 'connection-2' },
  'another grant': { ...CONNECTION, grantId: 'grant-2' },
  'an older version': { ...CONNECTION, tokenVersion: 2 },
  'a newer version': { ...CONNECTION, tokenVersion: 4 },
  'another field': { ...CONNECTION, field: 'refresh_token' },
  'a candidate': CANDIDATE,
  'a state': STATE,
  'parts that are shifted by a character': {
    ...CONNECTION,
    connectionId: 'connection-',
    grantId: '1grant-1',
  },
}

const TOKEN = 'EAAB-a-token-that-must-not-be-seen-0123456789'

/** Every promise of the Cipher port. */
export function cipherContract(test: RegisterTest, open: () => Promise<CipherHarness>): void {
  const withHarness = (title: string, body: (harness: CipherHarness) => Promise<void>): void =>
    test(title, async () => {
      const harness = await open()
      try {
        await body(harness)
      } finally {
        await harness.close()
      }
    })

  testRoundTrips(withHarness)
  testContexts(withHarness)
  testAlteredValues(withHarness)
  testForeignText(withHarness)
  testKeys(withHarness)
  testSecrecy(withHarness)
}

type Register = (title: string, body: (harness: CipherHarness) => Promise<void>) => void

function testRoundTrips(test: Register): void {
  test('opens what it sealed, in every purpose', async ({ cipher }) => {
    for (const context of [CONNECTION, CANDIDATE, STATE]) {
      await cipher.prepare(context)
      assert.equal(await roundTrip(cipher, TOKEN, context), TOKEN)
    }
  })

  test('keeps text of any kind and length as it was', async ({ cipher }) => {
    const texts = [
      '',
      'x',
      'é',
      '漢字 🙂 \u0000 end',
      'x'.repeat(2_000),
      'x'.repeat(16_384),
      'é'.repeat(8_192),
    ]
    for (const text of texts) assert.equal(await roundTrip(cipher, text, CONNECTION), text)
  })

  test('refuses text that is too long or not well formed instead of changing it', async ({ cipher }) => {
    for (const text of ['x'.repeat(16_385), 'é'.repeat(8_193), '漢'.repeat(16_384), 'a\ud800b', '\udc00'])
      await rejectsWith('cipher_value_invalid', cipher.seal(new Secret(text), CONNECTION))
  })

  test('never gives the same value twice', async ({ cipher }) => {
    const values = new Set<string>()
    for (let count = 0; count < 500; count += 1) values.add(await cipher.seal(new Secret(TOKEN), CONNECTION))
    assert.equal(values.size, 500)
    assert.equal(new Set([...values].map((value) => value.slice(28, 44))).size, 500, 'nonces repeat')
  })

  test('gives values that are safe in a text column', async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    assert.match(sealed, /^c1\.[a-z]\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]+$/)
    assert.ok(!sealed.includes(TOKEN))
  })
}

function testContexts(test: Register): void {
  for (const [what, context] of Object.entries(OTHERS)) {
    test(`does not open a connection's value for ${what}`, async ({ cipher }) => {
      const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
      await rejectsWith('cipher_authentication_failed', cipher.open(sealed, context))
      assert.equal((await cipher.open(sealed, CONNECTION)).reveal(), TOKEN)
    })
  }

  test('does not open a state for another state or provider', async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), STATE)
    await rejectsWith('cipher_authentication_failed', cipher.open(sealed, { ...STATE, stateHash: 'hash-2' }))
    await rejectsWith('cipher_authentication_failed', cipher.open(sealed, { ...STATE, provider: 'tiktok' }))
  })

  test('tells tenants apart that only look alike', async ({ cipher }) => {
    const tenants = ['é', 'e\u0301', 'a:b', 'a', 'A', 'a ', '漢'.repeat(255)].map(parseTenantId)
    for (const [index, tenantId] of tenants.entries()) {
      const sealed = await cipher.seal(new Secret(TOKEN), { ...CONNECTION, tenantId })
      for (const [other, otherId] of tenants.entries()) {
        const opening = cipher.open(sealed, { ...CONNECTION, tenantId: otherId })
        if (other === index) assert.equal((await opening).reveal(), TOKEN)
        else await rejectsWith('cipher_authentication_failed', opening)
      }
    }
  })

  test('refuses ids that are not well-formed text, which would encode alike', async ({ cipher }) => {
    const context = { ...CONNECTION, grantId: 'grant-\ud800' }
    await rejectsWith('config_invalid', cipher.seal(new Secret(TOKEN), context))
  })
}

function testAlteredValues(test: Register): void {
  test('does not open a value with any single bit changed', async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    const body = Buffer.from(bodyOf(sealed), 'base64url')
    for (let bit = 0; bit < body.length * 8; bit += 1) {
      const altered = Buffer.from(body)
      altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      await rejectsWith('cipher_authentication_failed', cipher.open(withBody(sealed, altered), CONNECTION))
    }
  })

  test('does not open a value whose header was changed', async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    for (let index = 0; index < sealed.length - bodyOf(sealed).length; index += 1) {
      const other = sealed.charAt(index) === 'A' ? 'Q' : 'A'
      const altered = asSealed(sealed.slice(0, index) + other + sealed.slice(index + 1))
      await assert.rejects(cipher.open(altered, CONNECTION), refusal)
    }
  })

  test('does not open a value that was cut short or lengthened', async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    for (let length = 0; length < sealed.length; length += 1)
      await assert.rejects(cipher.open(asSealed(sealed.slice(0, length)), CONNECTION), refusal)
    for (const more of ['A', 'AA', 'AAA', 'AAAA', '.AAAA'])
      await assert.rejects(cipher.open(asSealed(sealed + more), CONNECTION), refusal)
  })

  test('does not take a shortened tag', async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    const body = Buffer.from(bodyOf(sealed), 'base64url')
    for (const tagLength of [0, 4, 8, 12, 13, 14, 15]) {
      const cut = body.subarray(0, body.length - 16 + tagLength)
      await assert.rejects(cipher.open(withBody(sealed, cut), CONNECTION), refusal)
    }
  })

  test('takes one spelling of a value only', async ({ cipher }) => {
    // 16 bytes of text make a body of 44, whose last character has two spare bits.
    const sealed = await cipher.seal(new Secret('x'.repeat(16)), CONNECTION)
    const body = bodyOf(sealed)
    const spare = (Buffer.from(body, 'base64url').length * 8) % 6
    assert.notEqual(spare, 0)
    const head = sealed.slice(0, -body.length)
    const last = body.slice(-1)
    const next = String.fromCharCode(last.charCodeAt(0) + 1)
    const spellings = [
      `${body}=`,
      `${body} `,
      ` ${body}`,
      `${body}\n`,
      `${body.slice(0, 9)}!${body.slice(9)}`,
    ]
    for (const spelling of [...spellings, body.slice(0, -1) + next])
      await rejectsWith('cipher_value_invalid', cipher.open(asSealed(head + spelling), CONNECTION))
    for (const altered of [` ${sealed}`, `${sealed} `, `${sealed}\n`, sealed.toUpperCase()])
      await rejectsWith('cipher_value_invalid', cipher.open(asSealed(altered), CONNECTION))
  })
}

function testForeignText(test: Register): void {
  test('never passes plaintext through', async ({ cipher }) => {
    const texts = ['', TOKEN, 'null', '{"access_token":"x"}', 'c1.', 'c1.a.', 'c1.a.x.y', 'x'.repeat(100_000)]
    for (const text of texts)
      await rejectsWith('cipher_value_invalid', cipher.open(asSealed(text), CONNECTION))
  })

  test('tells an unknown version, an unknown suite, an unknown key and what is no value apart', async ({
    cipher,
  }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    const refused = { code: 'cipher_value_invalid' }
    const opening = (text: string) => cipher.open(asSealed(text), CONNECTION)
    await assert.rejects(opening(`c2${sealed.slice(2)}`), { ...refused, unknown: 'version' })
    await assert.rejects(opening(`c1.z${sealed.slice(4)}`), { ...refused, unknown: 'suite' })
    await assert.rejects(opening(TOKEN), { ...refused, unknown: undefined })
    const otherKey = `${sealed.slice(0, 5)}AAAAAAAAAAAAAAAAAAAAAA${sealed.slice(27)}`
    await assert.rejects(opening(otherKey), { code: 'cipher_key_unknown' })
  })
}

function testKeys(test: Register): void {
  test("does not open a value of somebody else's keys", async (harness) => {
    const { cipher } = harness
    const other = await harness.stranger()
    const sealed = await other.seal(new Secret(TOKEN), CONNECTION)
    await assert.rejects(cipher.open(sealed, CONNECTION), refusal)
    const reversed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    await assert.rejects(other.open(reversed, CONNECTION), refusal)
  })

  test('opens after a rotation what was sealed before it, and seals under the new key', async (harness) => {
    const before = await harness.cipher.seal(new Secret(TOKEN), CONNECTION)
    const rotated = await harness.rotated()
    assert.equal((await rotated.open(before, CONNECTION)).reveal(), TOKEN)
    const after = await rotated.seal(new Secret(TOKEN), CONNECTION)
    assert.notEqual(after.slice(0, 28), before.slice(0, 28))
    assert.equal((await rotated.open(after, CONNECTION)).reveal(), TOKEN)
    await rejectsWith(
      'cipher_authentication_failed',
      rotated.open(before, { ...CONNECTION, tokenVersion: 4 }),
    )
  })

  test('opens in another process and another order what it sealed for several tenants', async (harness) => {
    const contexts = ['tenant-a', 'tenant-b', 'tenant-c'].map((id) => ({
      ...CONNECTION,
      tenantId: parseTenantId(id),
    }))
    const sealed = await Promise.all(
      contexts.map(async (context) => ({
        context,
        value: await harness.cipher.seal(new Secret(TOKEN), context),
      })),
    )
    const other = await harness.rotated()
    for (const { context, value } of sealed.reverse())
      assert.equal((await other.open(value, context)).reveal(), TOKEN)
  })

  test('serves many callers at once', async ({ cipher }) => {
    const tenants = Array.from({ length: 200 }, (_, index) => parseTenantId(`tenant-${index}`))
    const opened = tenants.map((tenantId) =>
      roundTrip(cipher, `token of ${tenantId}`, { ...CONNECTION, tenantId }),
    )
    assert.deepEqual(
      await Promise.all(opened),
      tenants.map((tenantId) => `token of ${tenantId}`),
    )
  })
}

function testSecrecy(test: Register): void {
  test('shows neither text nor key when printed, and no text in an error', async ({ cipher }) => {
    const sealed = await cipher.seal(new Secret(TOKEN), CONNECTION)
    const opened = await cipher.open(sealed, CONNECTION)
    const error: unknown = await cipher.open(asSealed(TOKEN), CONNECTION).catch((reason: unknown) => reason)
    for (const shown of [cipher, opened, error]) {
      const printed = `${inspect(shown, { depth: 12, showHidden: true })} ${JSON.stringify(shown)} ${String(shown)}`
      assert.ok(!printed.includes(TOKEN), 'the text is shown')
      assert.ok(!/Buffer\(?\d*\)? ?[[<]|Uint8Array\(/.test(printed), 'bytes are shown')
    }
  })
}

async function roundTrip(cipher: Cipher, text: string, context: SealContext): Promise<string> {
  const opened = await cipher.open(await cipher.seal(new Secret(text), context), context)
  return opened.reveal()
}

function bodyOf(sealed: Sealed): string {
  return sealed.slice(sealed.lastIndexOf('.') + 1)
}

function withBody(sealed: Sealed, body: Buffer): Sealed {
  return asSealed(sealed.slice(0, -bodyOf(sealed).length) + body.toString('base64url'))
}

const REFUSALS = ['cipher_value_invalid', 'cipher_key_unknown', 'cipher_authentication_failed']

function refusal(error: unknown): boolean {
  const code = codeOf(error)
  assert.ok(code !== undefined && REFUSALS.includes(code), `rejected with ${String(error)}`)
  return true
}

async function rejectsWith(code: string, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.equal(codeOf(error), code)
    return true
  })
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
