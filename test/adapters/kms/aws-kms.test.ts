import { randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { AwsKms } from '../../../src/adapters/kms/index.ts'
import type { AwsCredentials, WrappedKey } from '../../../src/adapters/kms/index.ts'
import { SECOND_MS } from '../../../src/domain/model/time.ts'
import { RecordedLog } from '../aes-gcm/recorded-log.ts'
import { KmsWorkbench } from './kms-workbench.ts'

const CONTEXT = { purpose: 'test', dataKeyId: 'data-key-1' }

let bench: KmsWorkbench
beforeEach(async () => {
  bench = await KmsWorkbench.open()
})
afterEach(() => bench.close())

/** One attempt for each call, so that a failure is seen at once. */
const impatient = { connectionMs: 200, requestMs: 100, callMs: 150 }

describe('AwsKms', () => {
  test('generates, unwraps and wraps anew', async () => {
    const kms = bench.client()
    const made = await kms.generateDataKey('alias/tokens', CONTEXT)
    expect(made.plaintext).toHaveLength(32)
    expect(made.kmsKeyId).toBe(bench.keyArn)
    expect(await kms.decrypt(made, CONTEXT)).toEqual(made.plaintext)
    const other = bench.kms.createKey()
    const anew = await kms.reEncrypt(made, other, CONTEXT)
    expect(anew?.kmsKeyId).toBe(other)
    expect(anew && (await kms.decrypt(anew, CONTEXT))).toEqual(made.plaintext)
  })

  test('does not unwrap for another context, under another key or what was altered', async () => {
    const kms = bench.client()
    const made = await kms.generateDataKey(bench.keyArn, CONTEXT)
    const altered = made.wrapped.map((byte, index) => (index === 50 ? byte ^ 1 : byte))
    const refused: readonly [WrappedKey, Record<string, string>][] = [
      [made, { ...CONTEXT, dataKeyId: 'DATA-KEY-1' }],
      [made, { purpose: 'test' }],
      [{ ...made, kmsKeyId: bench.kms.createKey() }, CONTEXT],
      [{ ...made, wrapped: altered }, CONTEXT],
    ]
    for (const [key, context] of refused) expect(await kms.decrypt(key, context)).toBeUndefined()
    expect(await kms.reEncrypt({ ...made, wrapped: altered }, bench.keyArn, CONTEXT)).toBeUndefined()
  })

  test.each([
    ['ThrottlingException', 400, 'call again later'],
    ['LimitExceededException', 400, 'call again later'],
    ['KMSInternalException', 500, 'call again later'],
    ['DependencyTimeoutException', 500, 'call again later'],
    ['KeyUnavailableException', 500, 'call again later'],
    ['AccessDeniedException', 400, 'check its credentials'],
    ['UnrecognizedClientException', 400, 'check its credentials'],
    ['ExpiredTokenException', 400, 'check its credentials'],
    ['DisabledException', 400, 'enable it again'],
    ['KMSInvalidStateException', 400, 'enable it again'],
    ['NotFoundException', 400, 'enable it again'],
    ['ValidationException', 400, 'check that its name'],
  ])('says of %s what is to be done', async (error, status, advice) => {
    const logger = new RecordedLog()
    bench.kms.plan({ times: 3, error, status })
    const asking = bench.client(logger).generateDataKey(bench.keyArn, CONTEXT)
    await expect(asking).rejects.toMatchObject({ code: 'cipher_unavailable', isRetryable: true })
    await expect(asking).rejects.toThrow(advice)
    const level = advice === 'call again later' ? 'warn' : 'error'
    expect(logger.lines).toEqual([
      `${level}: A KMS call failed ${JSON.stringify({ operation: 'GenerateDataKey', failure: error })}`,
    ])
  })

  test('gets over a single throttle, internal error or cut connection by itself', async () => {
    const kms = bench.client()
    for (const fault of [
      { error: 'ThrottlingException' },
      { error: 'KMSInternalException', status: 500 },
      { reset: true },
    ] as const) {
      bench.kms.plan({ times: 1, ...fault })
      expect((await kms.generateDataKey(bench.keyArn, CONTEXT)).plaintext).toHaveLength(32)
    }
  })

  test('is unavailable when every connection is cut or refused', async () => {
    const kms = bench.client()
    bench.kms.plan({ times: 3, reset: true })
    await expect(kms.generateDataKey(bench.keyArn, CONTEXT)).rejects.toMatchObject({
      code: 'cipher_unavailable',
    })
    await bench.kms.close()
    await expect(kms.generateDataKey(bench.keyArn, CONTEXT)).rejects.toMatchObject({
      code: 'cipher_unavailable',
    })
  })

  test('takes no answer that comes after its time', async () => {
    const logger = new RecordedLog()
    const kms = bench.client(logger, { requestMs: 100, callMs: 5_000 })
    bench.kms.plan({ times: 3, delayMs: 400 })
    const asking = kms.generateDataKey(bench.keyArn, CONTEXT)
    await expect(asking).rejects.toMatchObject({ code: 'cipher_unavailable' })
    expect(logger.lines.join()).toContain('TimeoutError')
  })

  test('ends the whole call when its time is up, whatever attempts are left', async () => {
    const logger = new RecordedLog()
    const kms = bench.client(logger, impatient)
    bench.kms.plan({ times: 10, delayMs: 2_000 })
    const startedAt = performance.now()
    const asking = kms.generateDataKey(bench.keyArn, CONTEXT)
    await expect(asking).rejects.toMatchObject({ code: 'cipher_unavailable' })
    expect(performance.now() - startedAt).toBeLessThan(1_000)
    expect(logger.lines).toHaveLength(1)
  })

  test('lets the next call have the place of one whose credentials never come', async () => {
    const { clock, kms } = bench
    let isStuck = true
    const credentials = (): Promise<AwsCredentials> =>
      isStuck ? new Promise<never>(() => undefined) : Promise.resolve(kms.credentials)
    const timeouts = { ...impatient, requestMs: 1_000 }
    const [region, endpoint] = [kms.region, kms.url]
    const client = new AwsKms({ clock, region, endpoint, credentials, timeouts })
    const ask = (): Promise<unknown> => client.generateDataKey(bench.keyArn, CONTEXT)
    // As many as may be under way at once.
    for (const asking of Array.from({ length: 16 }, ask))
      await expect(asking).rejects.toMatchObject({ code: 'cipher_unavailable' })
    isStuck = false
    await vi.waitFor(async () => {
      await clock.advance(5 * SECOND_MS)
      await ask()
    })
    await client.close()
  })

  test('stops asking for five seconds after five failures in a row, then lets one call find out', async () => {
    const kms = bench.client()
    const ask = (): Promise<unknown> => kms.generateDataKey(bench.keyArn, CONTEXT)
    // Three attempts each.
    bench.kms.plan({ times: 6 * 3, error: 'KMSInternalException', status: 500 })
    for (let count = 0; count < 5; count += 1) await expect(ask()).rejects.toThrow('call again later')
    const asked = bench.kms.calls.length
    await expect(ask()).rejects.toThrow('asked again in a few seconds')
    await bench.clock.advance(5 * SECOND_MS - 1)
    await expect(ask()).rejects.toThrow('asked again in a few seconds')
    await bench.clock.advance(1)
    const both = await Promise.allSettled([ask(), ask()])
    expect(both.map((one) => String(one.status === 'rejected' ? one.reason : ''))).toEqual([
      expect.stringContaining('call again later'),
      expect.stringContaining('asked again'),
    ])
    await bench.clock.advance(5 * SECOND_MS)
    await ask()
    await Promise.all([ask(), ask(), ask()])
    expect(bench.kms.calls.length).toBe(asked + 4)
  })

  test.each([
    ['disabled', (name: string) => bench.kms.disableKey(name)],
    ['gone', (name: string) => bench.kms.removeKey(name)],
  ])('reads under one KMS key while another is %s', async (_, takeAway) => {
    const kms = bench.client()
    const other = bench.kms.createKey()
    const made = await kms.generateDataKey(bench.keyArn, CONTEXT)
    const madeByOther = await kms.generateDataKey(other, CONTEXT)
    takeAway(other)
    for (let count = 0; count < 8; count += 1)
      await expect(kms.decrypt(madeByOther, CONTEXT)).rejects.toThrow('enable it again')
    expect(await kms.decrypt(made, CONTEXT)).toEqual(made.plaintext)
  })

  test('reads under one KMS key while it may not use another', async () => {
    const kms = bench.client()
    const made = await kms.generateDataKey(bench.keyArn, CONTEXT)
    bench.kms.plan({ times: 8, error: 'AccessDeniedException' })
    for (let count = 0; count < 8; count += 1)
      await expect(kms.decrypt(made, CONTEXT)).rejects.toThrow('check its credentials')
    expect(await kms.decrypt(made, CONTEXT)).toEqual(made.plaintext)
  })

  test('is not stopped by a data key that does not unwrap', async () => {
    const kms = bench.client()
    const made = await kms.generateDataKey(bench.keyArn, CONTEXT)
    for (let count = 0; count < 8; count += 1)
      expect(await kms.decrypt(made, { purpose: 'other' })).toBeUndefined()
    expect(await kms.decrypt(made, CONTEXT)).toEqual(made.plaintext)
  })

  test('shows neither credentials nor keys in what it logs and rejects with', async () => {
    const logger = new RecordedLog()
    const secretAccessKey = randomBytes(20).toString('hex')
    const { clock, kms } = bench
    const { accessKeyId } = kms.credentials
    const credentials = { accessKeyId, secretAccessKey }
    const client = new AwsKms({ clock, logger, region: kms.region, endpoint: kms.url, credentials })
    const error: unknown = await client
      .generateDataKey(bench.keyArn, CONTEXT)
      .catch((reason: unknown) => reason)
    await client.close()
    expect(error).toMatchObject({ code: 'cipher_unavailable' })
    expect(`${String(error)} ${JSON.stringify(error)} ${logger.lines.join()}`).not.toContain(secretAccessKey)
    expect(logger.lines.join()).toContain('InvalidSignatureException')
    expect(kms.calls).toEqual([])
  })
})

describe('the KMS on loopback', () => {
  test('answers nobody who does not sign', async () => {
    const body = JSON.stringify({ KeyId: bench.keyArn, KeySpec: 'AES_256' })
    const headers = { 'x-amz-target': 'TrentService.GenerateDataKey' }
    const answer = await new Promise<{ status: number | undefined; text: string }>((resolve, reject) => {
      const asking = request(bench.kms.url, { method: 'POST', headers }, (response) => {
        let text = ''
        response.on('data', (chunk: Buffer) => (text += chunk.toString('utf8')))
        response.on('end', () => resolve({ status: response.statusCode, text }))
      })
      asking.on('error', reject).end(body)
    })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('IncompleteSignature')
  })

  test('speaks to the whole SDK: Encrypt, Decrypt without a key, DescribeKey', async () => {
    const { DecryptCommand, DescribeKeyCommand, EncryptCommand, KMSClient } =
      await import('@aws-sdk/client-kms')
    const { credentials, region, url: endpoint } = bench.kms
    const client = new KMSClient({ credentials, region, endpoint })
    const Plaintext = randomBytes(20)
    const encrypted = await client.send(new EncryptCommand({ KeyId: 'alias/tokens', Plaintext }))
    const { CiphertextBlob } = encrypted
    const decrypted = await client.send(new DecryptCommand({ CiphertextBlob }))
    expect(Buffer.from(decrypted.Plaintext ?? [])).toEqual(Plaintext)
    bench.kms.disableKey(bench.keyArn)
    const described = await client.send(new DescribeKeyCommand({ KeyId: 'alias/tokens' }))
    expect(described.KeyMetadata).toMatchObject({ Arn: bench.keyArn, Enabled: false })
    await expect(client.send(new DecryptCommand({ CiphertextBlob }))).rejects.toThrow(
      expect.objectContaining({ name: 'DisabledException' }),
    )
    bench.kms.enableKey(bench.keyArn)
    await client.send(new DecryptCommand({ CiphertextBlob }))
    client.destroy()
  })
})
