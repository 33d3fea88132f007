export type Environment = Readonly<Record<string, string | undefined>>

/** An empty variable is as good as none. */
export function read(env: Environment, name: string): string | undefined {
  const value = env[name]
  return value === undefined || value.trim() === '' ? undefined : value
}
