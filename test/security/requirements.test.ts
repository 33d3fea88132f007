import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface Requirement {
  readonly number: number
  readonly proofs: readonly (readonly [file: string, title: string])[]
}

const document = readFileSync('docs/security-requirements.md', 'utf8')
const requirements = [...document.matchAll(/^\| (\d+) +\| (.+?) +\| (.+?) +\|$/gm)].map(
  ([, number, , cell = '']): Requirement => ({
    number: Number(number),
    proofs: cell.split('<br>').flatMap((entry) => {
      const [, file, title] = /^`([^`]+)`: (.+)$/.exec(entry) ?? []
      return file === undefined || title === undefined ? [] : [[file, title] as const]
    }),
  }),
)

test('every rule is there, in order, and all but a few that are named have a test', () => {
  expect(requirements.map(({ number }) => number)).toEqual(
    Array.from({ length: 72 }, (_, index) => index + 1),
  )
  const bare = requirements.filter(({ proofs }) => proofs.length === 0).map(({ number }) => number)

  expect(bare).toEqual([])
})

test.each(requirements)('the tests that prove rule $number are there under their titles', ({ proofs }) => {
  const missing = proofs.filter(([file, title]) => {
    const source = existsSync(file) ? readFileSync(file, 'utf8') : ''
    return !["'", '"', '`'].some((quote) => source.includes(`${quote}${title}${quote}`))
  })

  expect(missing).toEqual([])
})
