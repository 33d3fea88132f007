import type { Measurement, Measurements } from '../../ports/measurements.ts'
import type {
  Counter,
  Histogram,
  Labels,
  OpenTelemetryApi,
  OpenTelemetryMeter,
  OpenTelemetryTracer,
} from './open-telemetry-api.ts'

const SCOPE = '@cgk-platform/integrations'
const PREFIX = 'integrations.'
/** Seconds: from a read of the row to a platform that takes its time. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 75]
/** `SpanStatusCode.ERROR` */
const ERROR = 2

/**
 * Measurements as OpenTelemetry has them: a histogram and a span for what takes time, a counter for what merely happens.
 * The only labels are `provider`, `outcome` and `class`.
 */
export class OpenTelemetryMeasurements implements Measurements {
  readonly #meter: OpenTelemetryMeter
  readonly #tracer: OpenTelemetryTracer
  readonly #counters = new Map<string, Counter>()
  readonly #histograms = new Map<string, Histogram>()

  /** @param api `@opentelemetry/api`: `{ metrics, trace }` of it */
  constructor(api: OpenTelemetryApi) {
    this.#meter = api.metrics.getMeter(SCOPE)
    this.#tracer = api.trace.getTracer(SCOPE)
  }

  record(measurement: Measurement): void {
    const { durationMs } = measurement
    const name = `${PREFIX}${measurement.name}`
    const labels = labelsOf(measurement)
    if (durationMs === undefined) {
      this.#counter(name).add(1, labels)
      return
    }
    this.#histogram(`${name}.duration`).record(durationMs / 1_000, labels)
    this.#span(name, labels, durationMs)
  }

  /** Begun when it ends: it lies in the past, below whatever span is active where the work was called. */
  #span(name: string, labels: Labels, durationMs: number): void {
    const endTime = Date.now()
    const span = this.#tracer.startSpan(name, { startTime: endTime - durationMs, attributes: labels })
    if (labels['outcome'] === 'failed') span.setStatus({ code: ERROR })
    span.end(endTime)
  }

  #counter(name: string): Counter {
    const known = this.#counters.get(name)
    if (known !== undefined) return known
    const counter = this.#meter.createCounter(name, { description: 'How often it happened' })
    this.#counters.set(name, counter)
    return counter
  }

  #histogram(name: string): Histogram {
    const known = this.#histograms.get(name)
    if (known !== undefined) return known
    const histogram = this.#meter.createHistogram(name, {
      description: 'How long it took',
      unit: 's',
      advice: { explicitBucketBoundaries: BUCKETS },
    })
    this.#histograms.set(name, histogram)
    return histogram
  }
}

function labelsOf({ provider, outcome, class: kind }: Measurement): Labels {
  return {
    ...(provider === undefined ? {} : { provider }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(kind === undefined ? {} : { class: kind }),
  }
}
