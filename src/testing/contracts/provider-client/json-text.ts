import type { PlatformAnswer } from '../../scripted-platform.ts'

export function bodyOf(answer: PlatformAnswer): string {
  return typeof answer.body === 'string' ? answer.body : ''
}

/** The JSON text with every member of that name, at any depth, set to `value`, or left out when that is undefined. */
export function withMember(text: string, name: string, value: unknown): string {
  if (text === '') return text
  return JSON.stringify(JSON.parse(text), (key, member: unknown) => (key === name ? value : member))
}

const TRAPS = '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":"x"'

/** The JSON text with members in every object that would reach a prototype if they were assigned. */
export function polluted(text: string): string {
  if (text === '') return text
  return write(JSON.parse(text))
}

function write(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(write).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`)
  return `{${[TRAPS, ...members].join(',')}}`
}

const PLACE = '"@list@"'

/** The JSON text with `list`, which is JSON text itself, in place of every array and as the `scope` of its objects. */
export function withLists(text: string, list: string): string {
  if (text === '') return text
  return place(JSON.parse(text)).replaceAll(PLACE, () => list)
}

/** The JSON text with `list`, which is JSON text itself, in place of its first array, and the others empty. */
export function withList(text: string, list: string): string {
  if (text === '') return text
  const listless = JSON.stringify(JSON.parse(text), (_name, member: unknown) =>
    Array.isArray(member) ? '@list@' : member,
  )
  return listless.replace(PLACE, () => list).replaceAll(PLACE, '[]')
}

function place(value: unknown): string {
  if (Array.isArray(value)) return PLACE
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries({ ...value, scope: [] }).map(
    ([name, member]) => `${JSON.stringify(name)}:${place(member)}`,
  )
  return `{${members.join(',')}}`
}
