/** Work that goes on after its caller has been answered: a refresh behind a valid token, an answer still listened for. */
export interface Background {
  /** No more long work should be begun: the process is about to end. */
  readonly isClosing: boolean

  /** The process has been let go: nothing would wait for what is begun now. */
  readonly isOver: boolean

  /** Keeps the process's shutdown waiting for `work`, whose rejection is the work's own affair. */
  keep(work: Promise<unknown>): void
}
