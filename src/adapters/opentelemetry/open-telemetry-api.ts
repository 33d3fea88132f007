/** What is used of `@opentelemetry/api` 1.9 and later; the host hands it in, so that its SDK is the one that is heard. */
export interface OpenTelemetryApi {
  readonly metrics: { getMeter(name: string): OpenTelemetryMeter }
  readonly trace: { getTracer(name: string): OpenTelemetryTracer }
}

export type Labels = Readonly<Record<string, string>>

/** What is used of a meter. */
export interface OpenTelemetryMeter {
  createCounter(name: string, options: { readonly description: string }): Counter
  createHistogram(
    name: string,
    options: {
      readonly description: string
      readonly unit: string
      readonly advice: { readonly explicitBucketBoundaries: number[] }
    },
  ): Histogram
}

export interface Counter {
  add(value: number, attributes: Labels): void
}

export interface Histogram {
  record(value: number, attributes: Labels): void
}

/** What is used of a tracer. */
export interface OpenTelemetryTracer {
  startSpan(name: string, options: { readonly startTime: number; readonly attributes: Labels }): Span
}

interface Span {
  setStatus(status: { readonly code: number }): unknown
  end(endTime: number): void
}
