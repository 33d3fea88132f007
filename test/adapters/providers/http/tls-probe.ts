import { createProviderHttp } from '../../../../src/adapters/providers/http/provider-http.ts'
import { ProviderFailure } from '../../../../src/domain/provider-failure.ts'

// Run with NODE_EXTRA_CA_CERTS, which Node reads once, when it starts: asks each address and prints what came of it.
const http = createProviderHttp({ hardTimeoutMs: 5_000 })
const outcomes: string[] = []
for (const url of process.argv.slice(2)) {
  outcomes.push(
    await http.send({ method: 'POST', url, body: 'secret' }).then(
      ({ status }) => `HTTP ${status}`,
      (error: unknown) =>
        error instanceof ProviderFailure ? `${error.delivery} ${error.providerCode}` : 'something else',
    ),
  )
}
process.stdout.write(JSON.stringify(outcomes))
