import type { SealedValues } from '../../src/ports/sealed-values.ts'

/** Small pages, and one replacement in four or five that comes to its end before or after it was made. */
export function dyingAtRandom(sealedValues: SealedValues): SealedValues {
  const maybeDie = (): void => {
    if (Math.random() < 1 / 8) throw new Error('killed')
  }
  return {
    page: (cursor) => sealedValues.page(cursor, 4),
    read: (ref) => sealedValues.read(ref),
    replace: async (resealings) => {
      maybeDie()
      const outcome = await sealedValues.replace(resealings)
      maybeDie()
      return outcome
    },
  }
}
