export { type EmulatedApp, emulatorApps, emulatorEnvironment, emulatorKlaviyoKeys } from './apps.ts'
export { consent, type ConsentChoice, ConsentRefusedError } from './consent.ts'
export { EmulatorControl, type LineageSnapshot } from './control.ts'
export type { Fault } from './faults.ts'
export type { EndReason, Issue, Reuse } from './ledger.ts'
export type { MetaRateLimitCode } from './meta/rate-limit.ts'
export type { CallbackAnswer } from './meta/signed-request.ts'
export { type EmulatedPerson, emulatorPeople } from './people.ts'
export {
  type EmulatedPlatform,
  emulatedPlatforms,
  type EmulatorEndpoints,
  emulatorEndpoints,
} from './platform.ts'
export type { LoggedRequest } from './request-log.ts'
export type { RotationMode } from './rotation.ts'
export type { Lifetimes } from './settings.ts'
export { type Emulator, type EmulatorOptions, EmulatorPortInUseError, startEmulator } from './start.ts'
export { EmulatorSnapshotError, type EmulatorSnapshot } from './snapshot.ts'
export { emulatorFaults } from './known-faults.ts'
