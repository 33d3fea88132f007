import { acceptCommand, perform } from '../call.ts'
import type { Call } from '../call.ts'
import type { HandlerContext } from '../handler-context.ts'
import { connectionView } from '../views.ts'

const KLAVIYO = 'klaviyo'

/** Connects with a private API key, which is read from the body and from nowhere else. */
export async function connectKlaviyo(context: HandlerContext, call: Call): Promise<Response> {
  const command = await acceptCommand(context, call, KLAVIYO, 'connect')
  return perform(context, command, async () => {
    const { submission } = command
    const connection = await context.connections.connectWithApiKey({
      key: command.key,
      apiKey: submission.required('privateApiKey').trim(),
      publicApiKey: submission.optional('publicApiKey')?.trim(),
      allowAccountChange: submission.isSet('allowAccountChange'),
    })
    return { result: 'connected', answer: { connection: connectionView(connection) } }
  })
}

/** Chooses the lists for e-mail and SMS; leaving one out clears it. */
export async function chooseKlaviyoLists(context: HandlerContext, call: Call): Promise<Response> {
  const command = await acceptCommand(context, call, KLAVIYO, 'choose')
  return perform(context, command, async () => {
    const connection = await context.connections.chooseAudiences(command.key, {
      emailListId: command.submission.optional('emailListId') ?? null,
      smsListId: command.submission.optional('smsListId') ?? null,
    })
    return { result: 'lists_saved', answer: { connection: connectionView(connection) } }
  })
}
