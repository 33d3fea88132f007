import { parseJson } from '../http/json-answer.ts'

/**
 * Parses JSON whose ids may be numbers: from 16 digits on they do not fit into a double, so they become text first.
 * Strings are passed over whole; only text that is valid JSON gets that far.
 */
export function parseJsonWithLongIds(text: string): { readonly value: unknown } | undefined {
  const plain = parseJson(text)
  if (plain === undefined || !/\d{16}/.test(text)) return plain
  return parseJson(
    text.replace(STRING_OR_LONG_INTEGER, (part) => (part.startsWith('"') ? part : `"${part}"`)),
  )
}

const STRING_OR_LONG_INTEGER = /"[^"\\]*(?:\\.[^"\\]*)*"|(?<![\d.eE+-])-?\d{16,}(?![\d.eE])/g
