import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'

export interface SigningIdentity {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
}

interface SignedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

const CREDENTIAL =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/kms\/aws4_request, ?SignedHeaders=([a-z0-9;-]+), ?Signature=([0-9a-f]{64})$/
const WIDEST_SKEW_MS = 5 * 60_000

/** The name of what is wrong with a request's AWS Signature Version 4; nothing when it is right. */
export function signatureProblem(request: SignedRequest, identity: SigningIdentity): string | undefined {
  const [, accessKeyId, day, region, names, signature] =
    CREDENTIAL.exec(request.headers.authorization ?? '') ?? []
  if (day === undefined || names === undefined || signature === undefined) return 'IncompleteSignature'
  if (accessKeyId !== identity.accessKeyId) return 'UnrecognizedClientException'
  const date = headerText(request.headers, 'x-amz-date')
  if (region !== identity.region || !date.startsWith(day) || isSkewed(date))
    return 'InvalidSignatureException'
  if (!['host', 'x-amz-date', 'x-amz-target'].every((name) => names.split(';').includes(name)))
    return 'InvalidSignatureException'
  const scope = `${day}/${region}/kms/aws4_request`
  const toSign = ['AWS4-HMAC-SHA256', date, scope, sha256(canonical(request, names))].join('\n')
  const expected = hmac(signingKey(identity.secretAccessKey, day, region), toSign)
  return timingSafeEqual(expected, Buffer.from(signature, 'hex')) ? undefined : 'InvalidSignatureException'
}

function canonical({ body, headers, method, path }: SignedRequest, names: string): string {
  const lines = names.split(';').map((name) => `${name}:${headerText(headers, name)}\n`)
  return [method, path, '', lines.join(''), names, sha256(body)].join('\n')
}

function signingKey(secret: string, day: string, region: string): Buffer {
  return [region, 'kms', 'aws4_request'].reduce(hmac, hmac(`AWS4${secret}`, day))
}

function isSkewed(date: string): boolean {
  const iso = date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const skewMs = Math.abs(Date.parse(iso) - Date.now())
  return !(skewMs <= WIDEST_SKEW_MS)
}

function headerText(headers: IncomingHttpHeaders, name: string): string {
  return String(headers[name] ?? '')
    .trim()
    .replace(/ +/g, ' ')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text, 'utf8').digest()
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex')
}
