import { ConfigInvalidError } from '../errors.ts'

/**
 * What a host gives for an argument whose members are read. `null` for nothing, or a label in place of an object that has
 * one, would quietly mean the default. @throws ConfigInvalidError for what is no object
 */
export function givenObject<T extends object>(name: string, value: T): T {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value
  throw new ConfigInvalidError([`${name}: must be an object`])
}
