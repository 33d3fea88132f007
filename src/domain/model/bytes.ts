const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

// Twelve bits at a time, which halves the work of what every state, cookie and verifier goes through.
const PAIRS = Array.from(
  { length: 4_096 },
  (_, bits) => ALPHABET.charAt(bits >> 6) + ALPHABET.charAt(bits & 63),
)

/** Base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  let text = ''
  const whole = bytes.length - (bytes.length % 3)
  for (let index = 0; index < whole; index += 3) {
    const three = byteAt(bytes, index, 16) | byteAt(bytes, index + 1, 8) | byteAt(bytes, index + 2, 0)
    text += PAIRS[three >> 12]
    text += PAIRS[three & 4_095]
  }
  if (bytes.length - whole === 1) return text + PAIRS[byteAt(bytes, whole, 4)]
  if (bytes.length - whole === 0) return text
  const two = byteAt(bytes, whole, 10) | byteAt(bytes, whole + 1, 2)
  return text + PAIRS[two >> 6] + ALPHABET.charAt(two & 63)
}

function byteAt(bytes: Uint8Array, index: number, shift: number): number {
  return (bytes[index] ?? 0) << shift
}

/** A version 4 UUID (RFC 9562 §5.4) out of 16 random bytes. */
export function uuidFrom(bytes: Uint8Array): string {
  let hex = ''
  for (let index = 0; index < 16; index += 1) {
    hex += HEX_PAIRS[marked(index, bytes[index] ?? 0)]
    if (index === 3 || index === 5 || index === 7 || index === 9) hex += '-'
  }
  return hex
}

const HEX_PAIRS = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** With the bits of version and variant in their places. */
function marked(index: number, byte: number): number {
  if (index === 6) return (byte & 0x0f) | 0x40
  return index === 8 ? (byte & 0x3f) | 0x80 : byte
}
