import { createHash } from 'node:crypto'
import { jsonAnswer } from '../exchange.ts'
import type { Answer, Json } from '../exchange.ts'

const statuses = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
} as const

/** What the Google Ads API refuses, and why. */
export interface AdsProblem {
  readonly status: keyof typeof statuses
  readonly message: string
  /** Family and code of a GoogleAdsFailure, such as `{ authorizationError: 'CUSTOMER_NOT_ENABLED' }`. */
  readonly errorCode?: { readonly [family: string]: string }
  readonly failureDetails?: Json
  /** Without a GoogleAdsFailure: the reason in a google.rpc.ErrorInfo. */
  readonly reason?: string
}

/** Google's error body; `searchStream` wraps it in an array. */
export function adsError(problem: AdsProblem, options: { readonly isStream?: boolean } = {}): Answer {
  const requestId = createHash('sha256').update(problem.message).digest('base64url').slice(0, 22)
  const body = {
    error: {
      code: problem.status,
      message: problem.message,
      status: statuses[problem.status],
      details: [problem.errorCode ? failure(problem, requestId) : errorInfo(problem.reason)],
    },
  }
  return jsonAnswer(problem.status, options.isStream ? [body] : body, { 'request-id': requestId })
}

/** 429 with the time to wait in the details, and no Retry-After header. */
export function quotaError(seconds: number): Answer {
  return adsError({
    status: 429,
    message: 'Resource has been exhausted (e.g. check quota).',
    errorCode: { quotaError: 'RESOURCE_TEMPORARILY_EXHAUSTED' },
    failureDetails: {
      quotaErrorDetails: {
        rateScope: 'DEVELOPER',
        rateName: 'Requests per second per project',
        retryDelay: `${seconds}s`,
      },
    },
  })
}

function failure(problem: AdsProblem, requestId: string): Json {
  return {
    '@type': 'type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure',
    errors: [
      {
        errorCode: { ...problem.errorCode },
        message: problem.message,
        ...(problem.failureDetails === undefined ? {} : { details: problem.failureDetails }),
      },
    ],
    requestId,
  }
}

function errorInfo(reason: string | undefined): Json {
  return {
    '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
    reason: reason ?? 'ACCESS_TOKEN_EXPIRED',
    domain: 'googleapis.com',
    metadata: { service: 'googleads.googleapis.com' },
  }
}
