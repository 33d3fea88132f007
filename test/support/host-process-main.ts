import { subscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { ContainerModule } from 'inversify'
import { createIntegrationsContainer } from '../../src/application/container/create-integrations-container.ts'
import type { IntegrationsConfigInput } from '../../src/application/config/integrations-config.ts'
import { IDS } from '../../src/application/container/identifiers.ts'
import { parseTenantId } from '../../src/domain/model/identifiers.ts'
import { isIntegrationError } from '../../src/domain/errors.ts'
import { isOAuthClient } from '../../src/ports/provider-client.ts'
import { hurriedClock, hurriedLeases } from './hurried.ts'
import type { Failpoint, HostAnswer, HostCommand, HostMessage, HostOptions } from './host-process.ts'

interface Start {
  readonly config: IntegrationsConfigInput
  readonly options: HostOptions
}

/** Of the pool that a container makes. */
const MAX_CONNECTIONS = 10

type Pass = (at: Failpoint) => Promise<void>

process.once('message', ({ config, options: { failpoint, hasConnections, speed = 1 } }: Start) => {
  const container = createIntegrationsContainer(config, {
    logger: { log: () => undefined },
    clock: hurriedClock(speed),
    modules: [
      hurriedLeases(speed),
      failpoints((at) => (at === failpoint ? standStill(at) : Promise.resolve())),
    ],
  })
  const answering = new Set<Promise<void>>()
  process.on('message', (message: HostMessage) => {
    if (!('command' in message)) return
    const { id, command } = message
    const answered = answer(command).then((came) => tell({ id, answer: came }))
    answering.add(answered)
    void answered.then(() => answering.delete(answered))
  })
  process.once('SIGTERM', () => void end())
  if (failpoint === 'headers') subscribe('http.client.response.finish', tellHeaders)
  void (hasConnections === true ? openConnections() : Promise.resolve()).then(() =>
    tell({ id: 0, answer: { tokens: [] } }),
  )

  /** Many processes begin at once, and a busy server may let a connection wait for longer than a pool does. */
  async function openConnections(): Promise<void> {
    const due = container.get(IDS.DueConnections)
    for (let attempt = 1; ; attempt += 1) {
      try {
        await Promise.all(Array.from({ length: MAX_CONNECTIONS }, () => due.countDue(0)))
        return
      } catch (error) {
        if (attempt === 20) throw error
      }
    }
  }

  async function answer(command: HostCommand): Promise<HostAnswer> {
    const { tenantId, provider, times = 1 } = command
    const key = { tenantId: parseTenantId(tenantId), provider, label: 'default' }
    try {
      if (command.do === 'due') await container.get(IDS.RefreshDueConnections).run()
      if (command.do === 'close') await container.get(IDS.Shutdown).close()
      if (command.do !== 'token') return { tokens: [] }
      const tokens = Array.from({ length: times }, () => container.get(IDS.AccessTokens).get(key))
      return { tokens: (await Promise.all(tokens)).map((token) => token.reveal()) }
    } catch (error) {
      return { code: isIntegrationError(error) ? error.code : String(error) }
    }
  }

  /** As a host ends: nothing is left that would keep the process alive, so it is not told to exit. */
  async function end(): Promise<void> {
    await container.get(IDS.Shutdown).close()
    await Promise.all(answering)
    process.disconnect()
  }
})

function tell(message: HostMessage): void {
  process.send?.(message)
}

function tellHeaders(message: unknown): void {
  const { request } = message as { readonly request: ClientRequest }
  if (request.path.endsWith('/token')) tell({ reached: 'headers' })
}

function standStill(at: Failpoint): Promise<void> {
  tell({ reached: at })
  return new Promise(() => undefined)
}

/** Around the ports, where a host may put itself; nothing in the library knows of failpoints. */
function failpoints(pass: Pass): ContainerModule {
  return new ContainerModule(({ onActivation }) => {
    onActivation(IDS.RefreshLeases, (_context, leases) => ({
      claim: async (...claim) => {
        const lease = await leases.claim(...claim)
        await pass('claim')
        return lease
      },
      store: async (...result) => {
        await pass('store.begin')
        return leases.store(...result)
      },
      keepCandidate: (...candidate) => leases.keepCandidate(...candidate),
      release: (...reason) => leases.release(...reason),
      suspect: (...suspicion) => leases.suspect(...suspicion),
      condemn: (...verdict) => leases.condemn(...verdict),
    }))
    onActivation(IDS.Cipher, (_context, cipher) => ({
      prepare: async (context) => {
        await cipher.prepare(context)
        await pass('preflight')
      },
      seal: (...secret) => cipher.seal(...secret),
      open: (...sealed) => cipher.open(...sealed),
    }))
    onActivation(IDS.ProviderClient, (_context, client) => {
      if (!isOAuthClient(client)) return client
      const refresh = client.refresh.bind(client)
      client.refresh = async (tokens) => {
        const answer = await refresh(tokens)
        await pass('body')
        return answer
      }
      return client
    })
  })
}
