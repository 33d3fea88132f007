import type { ServerResponse } from 'node:http'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { isRecord } from './exchange.ts'
import type { Answer } from './exchange.ts'
import type { Fault } from './faults.ts'
import type { LoggedRequest } from './request-log.ts'

/** A wait that does not keep the process alive. */
export async function pause(ms: number): Promise<void> {
  if (ms > 0) await delay(ms, undefined, { ref: false })
}

/** Ends the connection as a crash would: with a reset, not a farewell. */
export function cutConnection(response: ServerResponse): void {
  if (response.socket) response.socket.resetAndDestroy()
  else response.destroy()
}

export function replacesAnswer(fault: Fault | undefined): fault is Fault {
  return (
    fault !== undefined &&
    (fault.status !== undefined || fault.body !== undefined || fault.headers !== undefined)
  )
}

/** The answer that the fault prescribes. */
export function prescribedAnswer(fault: Fault): Answer {
  const body = fault.body ?? ''
  const isText = typeof body === 'string'
  return {
    status: fault.status ?? 200,
    headers: { 'content-type': isText ? 'text/plain; charset=utf-8' : 'application/json', ...fault.headers },
    body: isText ? body : JSON.stringify(body),
  }
}

/** The right answer with the members that the fault changes. */
export function retouch(answer: Answer, fault: Fault | undefined): Answer {
  if (!fault?.merge && !fault?.omit) return answer
  const parsed: unknown = JSON.parse(answer.body)
  if (!isRecord(parsed)) return answer
  const kept = Object.entries({ ...parsed, ...fault.merge }).filter(([name]) => !fault.omit?.includes(name))
  return { ...answer, body: JSON.stringify(Object.fromEntries(kept)) }
}

/** Puts an answer on the wire, in the way that the fault prescribes. */
export async function deliver(
  response: ServerResponse,
  answer: Answer,
  context: { readonly fault: Fault | undefined; readonly entry: LoggedRequest },
): Promise<void> {
  const { fault, entry } = context
  if (fault?.raw !== undefined) {
    response.socket?.end(fault.raw)
    return
  }
  const bytes = Buffer.from(answer.body)
  const length = fault?.flood ?? bytes.length
  response.writeHead(answer.status, { 'content-length': length, ...answer.headers })
  entry.status = answer.status
  if (fault?.flood !== undefined) await flood(response, fault.flood, entry)
  else if (fault?.drip !== undefined) await drip(response, bytes, { everyMs: fault.drip, entry })
  else if (fault?.cutAfterBytes !== undefined)
    await cutShort(response, bytes.subarray(0, fault.cutAfterBytes), entry)
  else {
    entry.sentBytes = bytes.length
    response.end(bytes)
  }
}

async function drip(
  response: ServerResponse,
  bytes: Buffer,
  pace: { readonly everyMs: number; readonly entry: LoggedRequest },
): Promise<void> {
  for (const byte of bytes) {
    if (response.destroyed) return
    response.write(Buffer.of(byte))
    pace.entry.sentBytes += 1
    await pause(pace.everyMs)
  }
  response.end()
}

async function cutShort(response: ServerResponse, start: Buffer, entry: LoggedRequest): Promise<void> {
  entry.sentBytes = start.length
  await new Promise<void>((resolve) => response.write(start, () => resolve()))
  cutConnection(response)
}

async function flood(response: ServerResponse, total: number, entry: LoggedRequest): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  while (entry.sentBytes < total && !response.destroyed) {
    const piece = chunk.subarray(0, Math.min(chunk.length, total - entry.sentBytes))
    entry.sentBytes += piece.length
    if (response.write(piece)) continue
    const isOver = Promise.race([once(response, 'drain'), once(response, 'close')])
    await isOver.catch(() => undefined)
  }
  response.end()
}
