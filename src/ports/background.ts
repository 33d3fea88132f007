/** Work that goes on after its caller has been answered: a refresh behind a valid token, an answer still listened for. */
export interface Background {
  /** Keeps the process's shutdown waiting for `work`, whose rejection is the work's own affair. */
  keep(work: Promise<unknown>): void
}
