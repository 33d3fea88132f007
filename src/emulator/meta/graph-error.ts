import { createHash } from 'node:crypto'
import { jsonAnswer } from '../exchange.ts'
import type { Answer } from '../exchange.ts'
import type { EndReason } from '../ledger.ts'

export interface GraphProblem {
  readonly status?: number
  readonly code: number
  readonly subcode?: number
  readonly message: string
  readonly type?: string
  readonly isTransient?: boolean
  readonly headers?: Readonly<Record<string, string>>
}

export const graphProblems = {
  noToken: {
    code: 2500,
    message: 'An active access token must be used to query information about the current user.',
  },
  malformedToken: { code: 190, message: 'Invalid OAuth access token - Cannot parse access token' },
  expired: {
    code: 190,
    subcode: 463,
    message: 'Error validating access token: Session has expired. The current time is later.',
  },
  unknownPath: { code: 2500, message: 'Unknown path components' },
  appUnknown: {
    code: 101,
    message: 'Error validating application. Cannot get application info due to a system error.',
  },
  secretWrong: { code: 1, message: 'Error validating client secret.' },
  codeMissing: { code: 100, message: 'This authorization code is missing or has an invalid format.' },
  codeExpired: { code: 100, subcode: 36007, message: 'This authorization code has expired.' },
  redirectDiffers: {
    code: 100,
    subcode: 36008,
    message: 'Error validating verification code. Please make sure your redirect_uri is identical',
  },
  codeUsed: { code: 100, subcode: 36009, message: 'This authorization code has been used.' },
  adsPermission: {
    status: 403,
    code: 200,
    message: '(#200) Ad account owner has NOT grant ads_management or ads_read permission',
  },
  proofWrong: {
    code: 100,
    type: 'GraphMethodException',
    message: 'Invalid appsecret_proof provided in the API argument',
  },
  proofMissing: {
    code: 100,
    type: 'GraphMethodException',
    message: 'API calls from the server require an appsecret_proof argument',
  },
} as const satisfies Readonly<Record<string, GraphProblem>>

const endings: Readonly<Record<EndReason, { readonly subcode?: number; readonly message: string }>> = {
  app_removed: { subcode: 458, message: 'The user has not authorized application.' },
  password_changed: {
    subcode: 460,
    message: 'The session has been invalidated because the user changed the password.',
  },
  checkpoint: { subcode: 459, message: 'The user is enrolled in a checkpoint.' },
  revoked: { subcode: 458, message: 'The user has not authorized application.' },
  reuse: { message: 'The session is invalid.' },
  crowded_out: { message: 'The session is invalid.' },
}

/** What Graph says about a token whose grant has ended. */
export function endedProblem(reason: EndReason): GraphProblem {
  const { subcode, message } = endings[reason]
  return { code: 190, ...(subcode ? { subcode } : {}), message: `Error validating access token: ${message}` }
}

/** Graph's error envelope. Most problems are HTTP 400, whatever they are. */
export function graphError(problem: GraphProblem): Answer {
  const { code, subcode, message, isTransient } = problem
  const challenge = 'OAuth "Facebook Platform" "invalid_token" "Error validating access token"'
  return jsonAnswer(
    problem.status ?? 400,
    {
      error: {
        message,
        type: problem.type ?? 'OAuthException',
        code,
        ...(subcode === undefined ? {} : { error_subcode: subcode }),
        ...(isTransient === undefined ? {} : { is_transient: isTransient }),
        fbtrace_id: createHash('sha256').update(message).digest('base64url').slice(0, 11),
      },
    },
    { ...(code === 190 ? { 'www-authenticate': challenge } : {}), ...problem.headers },
  )
}
