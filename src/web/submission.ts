import { Refusal } from './refusal.ts'

const LARGEST_BODY = 64 * 1_024
const MAX_FIELDS = 100

/** The fields of a form or a JSON body: each once, as text. */
export class Submission {
  readonly #fields: ReadonlyMap<string, string>

  constructor(fields: ReadonlyMap<string, string>) {
    this.#fields = fields
  }

  optional(name: string): string | undefined {
    const value = this.#fields.get(name)
    return value === undefined || value === '' ? undefined : value
  }

  required(name: string): string {
    const value = this.optional(name)
    if (value === undefined) throw new Refusal('request_invalid', `${name} is missing`)
    return value
  }

  /** A ticked box of a form, or `true` in JSON. */
  isSet(name: string): boolean {
    const value = this.#fields.get(name)
    return value === 'true' || value === 'on' || value === '1'
  }
}

/** Reads the body, which has a size limit and one of two content types. @throws Refusal */
export async function readSubmission(request: Request): Promise<Submission> {
  const contentType = mediaTypeOf(request)
  const text = await readText(request)
  if (contentType === 'application/json') return new Submission(fieldsOfJson(text))
  if (contentType === 'application/x-www-form-urlencoded') return new Submission(fieldsOfForm(text))
  // A browser's form always names its type, so a body without one cannot come from a form.
  if (contentType === '' && text === '') return new Submission(new Map())
  throw new Refusal('content_type_unsupported')
}

export function mediaTypeOf(request: Request): string {
  const [type = ''] = (request.headers.get('content-type') ?? '').split(';', 1)
  return type.trim().toLowerCase()
}

async function readText(request: Request): Promise<string> {
  const announced = Number(request.headers.get('content-length') ?? '0')
  if (announced > LARGEST_BODY) throw new Refusal('body_too_large')
  if (request.body === null) return ''
  const body: ReadableStream<Uint8Array> = request.body
  const reader = body.getReader()
  const pieces: Uint8Array[] = []
  let length = 0
  for (;;) {
    const { done, value } = await reader.read()
    if (done) break
    length += value.length
    if (length > LARGEST_BODY) {
      await reader.cancel()
      throw new Refusal('body_too_large')
    }
    pieces.push(value)
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(pieces))
  } catch {
    throw new Refusal('request_invalid', 'The request body is not UTF-8')
  }
}

function fieldsOfForm(text: string): ReadonlyMap<string, string> {
  return gather([...new URLSearchParams(text)])
}

function fieldsOfJson(text: string): ReadonlyMap<string, string> {
  const parsed = parseJson(text)
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Refusal('request_invalid', 'The JSON body is not an object')
  }
  const given = Object.entries(parsed).filter(([, value]) => value !== null)
  return gather(given.map(([name, value]) => [name, textOf(name, value)]))
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('request_invalid', 'The body is not JSON')
  }
}

function textOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  throw new Refusal('request_invalid', `${fieldName(name)} must be a string`)
}

function gather(entries: readonly (readonly [string, string])[]): ReadonlyMap<string, string> {
  if (entries.length > MAX_FIELDS) throw new Refusal('request_invalid', 'The body has too many fields')
  const fields = new Map<string, string>()
  for (const [name, value] of entries) {
    if (fields.has(name)) throw new Refusal('request_invalid', `${fieldName(name)} is given more than once`)
    fields.set(name, value)
  }
  return fields
}

/** The sender chose this name, so it is repeated only if it is harmless. */
function fieldName(name: string): string {
  return /^[A-Za-z]{1,40}$/.test(name) ? name : 'A field'
}
