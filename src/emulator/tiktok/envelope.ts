import { jsonAnswer } from '../exchange.ts'
import type { Answer, Json } from '../exchange.ts'

/** TikTok's envelope: HTTP 200 whatever happened, and `code` 0 when it went well. */
export function tiktokAnswer(code: number, message: string, data: Json = {}): Answer {
  return jsonAnswer(200, { code, message, request_id: requestId(), data })
}

let count = 0

function requestId(): string {
  count += 1
  return `2026112410000001000000000${String(count).padStart(10, '0')}`
}
