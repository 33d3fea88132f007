/** Whether this process can seal and open: what a readiness probe asks. */
export interface Readiness {
  /** False only while no key at all can be had. Never rejects. */
  isReady(): Promise<boolean>
}
