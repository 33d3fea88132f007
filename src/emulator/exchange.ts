import type { IncomingHttpHeaders } from 'node:http'
import type { Issue } from './ledger.ts'

/** One request, read to its end and taken apart. */
export interface Call {
  readonly method: string
  /** Below the platform's own prefix, always with a leading slash. */
  readonly path: string
  readonly query: URLSearchParams
  /** Empty unless the body was a form. */
  readonly form: URLSearchParams
  /** Empty unless the body was a JSON object. */
  readonly json: Readonly<Record<string, unknown>>
  readonly headers: IncomingHttpHeaders
  /** Where the emulator itself is reached. */
  readonly origin: string
}

/** What the platform says back. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** The tokens in the body, so that the truth about them includes whether they were sent. */
  readonly issue?: Issue
}

/** A request that a platform recognises: what faults and logs call it, and how it is answered. */
export interface Route {
  readonly names: readonly string[]
  /** A refresh token, or a token to be exchanged for a longer one. */
  readonly credential?: string
  readonly handle: () => Answer | Promise<Answer>
}

/** A value of a parsed JSON text. */
export type Json =
  string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined }

export function jsonAnswer(
  status: number,
  body: Json,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  }
}

export function htmlAnswer(status: number, body: string): Answer {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'referrer-policy': 'no-referrer',
  }
  return { status, headers, body }
}

/** A redirect of the browser, with `parameters` added to the query of `target`; undefined ones are left out. */
export function redirectAnswer(
  target: string,
  parameters: Readonly<Record<string, string | null | undefined>>,
  fragment = '',
): Answer {
  const url = new URL(target)
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined && value !== null) url.searchParams.set(name, value)
  }
  return {
    status: 302,
    headers: { location: `${url.href}${fragment}`, 'cache-control': 'no-store' },
    body: '',
  }
}

export function notFound(): Answer {
  return htmlAnswer(404, '<!doctype html><title>Not Found</title><h1>Not Found</h1>')
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The credentials of an `Authorization` header of that scheme (case-insensitive). */
export function authorizationOf(call: Call, scheme: string): string | undefined {
  const header = call.headers.authorization ?? ''
  const prefix = `${scheme.toLowerCase()} `
  return header.toLowerCase().startsWith(prefix) ? header.slice(prefix.length).trim() : undefined
}
