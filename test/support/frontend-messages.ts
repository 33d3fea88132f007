/** What a client says to Postgres: a letter for its kind, its length, its content. */
export interface FrontendMessage {
  /** Empty for the first one, which has no letter. */
  readonly type: string
  readonly content: string
  readonly bytes: Buffer
}

/** Takes a client's bytes apart into whole messages, in order, however they arrive. */
export function frontendMessages(take: (message: FrontendMessage) => unknown): (bytes: Buffer) => void {
  let rest = Buffer.alloc(0)
  let isFirst = true
  return (bytes) => {
    rest = Buffer.concat([rest, bytes])
    for (;;) {
      const letter = isFirst ? 0 : 1
      if (rest.length < letter + 4) return
      const end = letter + rest.readInt32BE(letter)
      if (rest.length < end) return
      const message = rest.subarray(0, end)
      rest = rest.subarray(end)
      take({
        type: message.toString('latin1', 0, letter),
        content: message.toString('latin1', letter + 4),
        bytes: message,
      })
      isFirst = false
    }
  }
}
