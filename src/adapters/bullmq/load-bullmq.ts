import type * as BullModule from 'bullmq'
import { ConfigInvalidError } from '../../domain/errors.ts'

/** Loaded when it is used: importing this adapter costs a host without a queue nothing. @throws ConfigInvalidError */
export async function loadBullMq(): Promise<Pick<typeof BullModule, 'Queue' | 'Worker'>> {
  try {
    return await import('bullmq')
  } catch {
    throw new ConfigInvalidError(['bullmq: cannot be loaded; run npm install bullmq'])
  }
}
