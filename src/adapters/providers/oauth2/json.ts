/** The member at a dotted path such as `data.0.id`; own members only, so that no prototype is ever reached. */
export function memberAt(value: unknown, path: string): unknown {
  if (path === '') return value
  let current = value
  for (const name of path.split('.')) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined
    current = Reflect.get(current, name)
  }
  return current
}

/** A text or number member as text; anything else, and empty text, is absent. */
export function textAt(value: unknown, path: string): string | undefined {
  const member = memberAt(value, path)
  if (typeof member === 'number' && Number.isFinite(member)) return String(member)
  return typeof member === 'string' && member !== '' ? member : undefined
}
