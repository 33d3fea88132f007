import { isGuest, stableId } from '../people.ts'

/** A Google Ads account, and the manager it hangs under in this person's view. */
export interface GoogleCustomer {
  readonly id: string
  readonly name: string
  readonly isManager: boolean
  readonly status: 'ENABLED' | 'CLOSED' | 'CANCELED'
  readonly currency: string
  readonly timeZone: string
  readonly isTest: boolean
  readonly children: readonly GoogleCustomer[]
}

const plans: Readonly<Record<string, () => readonly GoogleCustomer[]>> = {
  ada: () => [leaf('ada', 1), leaf('ada', 2), leaf('ada', 3)],
  sol: () => [leaf('sol', 1)],
  dana: () => [leaf('dana', 1)],
  clara: () => [leaf('clara', 1), { ...leaf('clara', 2), status: 'CLOSED' }],
  max: () => [
    manager(
      'max',
      0,
      Array.from({ length: 3000 }, (_, index) => leaf('max', index + 1)),
    ),
  ],
  manny: () => [
    manager('manny', 0, [
      leaf('manny', 1),
      leaf('manny', 2),
      manager('manny', 3, [leaf('manny', 4), { ...leaf('manny', 5), status: 'CANCELED' }]),
    ]),
  ],
}
const known = new Map<string, readonly GoogleCustomer[]>()

/** The accounts that the person reaches directly. */
export function customersOf(person: string): readonly GoogleCustomer[] {
  const customers = known.get(person) ?? plans[person]?.() ?? (isGuest(person) ? [leaf(person, 1)] : [])
  known.set(person, customers)
  return customers
}

export interface PlacedCustomer {
  readonly customer: GoogleCustomer
  /** Steps down from where the walk began. */
  readonly level: number
}

/** The account itself and everything below it, depth first. */
export function treeOf(customer: GoogleCustomer, level = 0): readonly PlacedCustomer[] {
  return [{ customer, level }, ...customer.children.flatMap((child) => treeOf(child, level + 1))]
}

function leaf(person: string, index: number): GoogleCustomer {
  return {
    id: stableId(`google ${person} ${index}`, 10),
    name: `${person} store ${index}`,
    isManager: false,
    status: 'ENABLED',
    currency: index % 2 === 0 ? 'EUR' : 'USD',
    timeZone: index % 2 === 0 ? 'Europe/Berlin' : 'America/New_York',
    isTest: false,
    children: [],
  }
}

function manager(person: string, index: number, children: readonly GoogleCustomer[]): GoogleCustomer {
  return { ...leaf(person, index), name: `${person} agency ${index}`, isManager: true, children }
}
