import { createHash } from 'node:crypto'
import type { EmulatedPlatform } from './platform.ts'

/** Somebody who can sign in at a platform. The same people, with the same accounts, at every start. */
export interface EmulatedPerson {
  readonly id: string
  readonly name: string
  readonly about: string
}

const ada: EmulatedPerson = { id: 'ada', name: 'Ada Lindqvist', about: 'reaches several ad accounts' }
const sol: EmulatedPerson = { id: 'sol', name: 'Sol Okafor', about: 'reaches exactly one ad account' }
const nora: EmulatedPerson = { id: 'nora', name: 'Nora Quist', about: 'reaches no ad account' }
const max: EmulatedPerson = { id: 'max', name: 'Max Teller', about: 'reaches 3,000 ad accounts' }
const dana: EmulatedPerson = {
  id: 'dana',
  name: 'Dana Whitlock',
  about: 'declines some permission, whatever is ticked',
}
const clara: EmulatedPerson = {
  id: 'clara',
  name: 'Clara Voss',
  about: 'has one open account and one closed',
}

/** Everybody, by platform. */
export const emulatorPeople = {
  meta: [
    ada,
    sol,
    nora,
    max,
    dana,
    clara,
    { id: 'sys', name: 'Shop Automation', about: 'a system user, whose token never expires' },
  ],
  google_ads: [
    ada,
    sol,
    { ...nora, about: 'has a Google login but has never used Google Ads' },
    { id: 'nell', name: 'Nell Archer', about: 'uses Google Ads, but has access to no account any more' },
    { ...max, about: 'a manager over 3,000 accounts' },
    { ...dana, about: 'declines the Google Ads permission, whatever is ticked' },
    clara,
    { id: 'manny', name: 'Manny Ortega', about: 'reaches accounts only through a manager account' },
  ],
  tiktok: [ada, sol, nora, max, dana, clara],
  klaviyo: [
    { id: 'ada', name: 'Ada Lindqvist', about: 'owns an account with 25 lists' },
    { id: 'max', name: 'Max Teller', about: 'owns an account with 350 lists' },
    { id: 'nora', name: 'Nora Quist', about: 'owns an account without any list' },
  ],
  standard: [ada, sol, nora],
} as const satisfies Readonly<Record<EmulatedPlatform, readonly EmulatedPerson[]>>

/**
 * Whether somebody by that id can sign in there. Beside the people listed, `guest-1`, `guest-2`, … exist without
 * end, each with one account: one for every tenant of a large test.
 */
export function isPersonOf(platform: EmulatedPlatform, person: string): boolean {
  return isGuest(person) || emulatorPeople[platform].some(({ id }) => id === person)
}

export function isGuest(person: string): boolean {
  return /^guest-\d+$/.test(person)
}

/** A decimal id of that many digits, always the same for the same name. */
export function stableId(name: string, digits: number): string {
  const number = BigInt(`0x${createHash('sha256').update(name).digest('hex')}`)
  return `1${(number % 10n ** BigInt(digits - 1)).toString().padStart(digits - 1, '0')}`
}
