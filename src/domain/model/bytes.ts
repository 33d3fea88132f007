const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Base64url without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  let text = ''
  let held = 0
  let bits = 0
  for (const byte of bytes) {
    held = (held << 8) | byte
    bits += 8
    while (bits >= 6) {
      bits -= 6
      text += ALPHABET.charAt((held >> bits) & 63)
    }
    held &= (1 << bits) - 1
  }
  return bits > 0 ? text + ALPHABET.charAt((held << (6 - bits)) & 63) : text
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
