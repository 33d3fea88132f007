export type { OpenTelemetryApi, OpenTelemetryMeter, OpenTelemetryTracer } from './open-telemetry-api.ts'
export { OpenTelemetryMeasurements } from './open-telemetry-measurements.ts'
