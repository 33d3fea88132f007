/** Text of 16 characters and more, by what it is. */
export type Secrets = ReadonlyMap<string, string>

/** Where something could have leaked to, with everything that was found there. */
export type Sinks = Readonly<Record<string, string>>

/**
 * Every secret that shows up anywhere, whole or in part: any 16 characters of it, raw, URL-encoded or JSON-escaped; the
 * same in base64 wherever it begins in a group of three bytes; the same in hex.
 */
export function leaksOf(secrets: Secrets, sinks: Sinks): readonly string[] {
  const found = new Set<string>()
  for (const { name: encoding, length, encode } of encodings) {
    const pieces = new Map<string, string>()
    for (const [name, secret] of secrets) {
      for (const form of encode(secret)) {
        for (let start = 0; start + length <= form.length; start += 1) {
          const piece = form.slice(start, start + length)
          // Padding of emulated values, or a run of spaces, is nobody's secret.
          if (new Set(piece).size >= 6) pieces.set(piece, name)
        }
      }
    }
    for (const [sink, text] of Object.entries(sinks)) {
      for (let start = 0; start + length <= text.length; start += 1) {
        const name = pieces.get(text.slice(start, start + length))
        if (name !== undefined) found.add(`${name} in ${sink}, ${encoding}`)
      }
    }
  }
  return [...found]
}

interface Encoding {
  readonly name: string
  /** Of so many encoded characters as hold 16 of the secret. */
  readonly length: number
  readonly encode: (secret: string) => readonly string[]
}

const encodings: readonly Encoding[] = [
  {
    name: 'as text',
    length: 16,
    encode: (secret) => [
      secret,
      encodeURIComponent(secret),
      new URLSearchParams([['', secret]]).toString().slice(1),
      JSON.stringify(secret).slice(1, -1),
    ],
  },
  {
    name: 'in base64',
    length: 20,
    encode: (secret) => [0, 1, 2].flatMap((offset) => base64At(secret, offset)),
  },
  {
    name: 'in hex',
    length: 32,
    encode: (secret) => {
      const hex = Buffer.from(secret).toString('hex')
      return [hex, hex.toUpperCase()]
    },
  },
]

/** As it reads when so many bytes stand before it, without what depends on them or on those that follow. */
function base64At(secret: string, offset: number): readonly string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(secret)])
  const own = [Math.ceil((offset * 8) / 6), Math.floor((bytes.length * 8) / 6)] as const
  return [bytes.toString('base64').slice(...own), bytes.toString('base64url').slice(...own)]
}
