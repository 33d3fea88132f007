import { metrics, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import type { MetricData } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { OpenTelemetryMeasurements } from '../../src/adapters/opentelemetry/index.ts'
import { leaksOf } from '../acceptance/leak-search.ts'
import { canary, revealingLife } from '../acceptance/revealing-life.ts'
import type { Seen } from '../acceptance/revealing-life.ts'
import { openWorkbench } from '../acceptance/workbench.ts'
import type { Workbench } from '../acceptance/workbench.ts'

const LABELS = ['class', 'outcome', 'provider']

let bench: Workbench
let seen: Seen
let spans: readonly ReadableSpan[]
let measured: readonly MetricData[]

beforeAll(async () => {
  const exporter = new InMemorySpanExporter()
  const reader = new PeriodicExportingMetricReader({
    exporter: new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE),
  })
  const tracers = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const meters = new MeterProvider({ readers: [reader] })
  trace.setGlobalTracerProvider(tracers)
  metrics.setGlobalMeterProvider(meters)
  bench = await openWorkbench({ measurements: new OpenTelemetryMeasurements({ metrics, trace }) })
  seen = await revealingLife(bench)
  spans = exporter.getFinishedSpans()
  const { resourceMetrics } = await reader.collect()
  measured = resourceMetrics.scopeMetrics.flatMap((scope) => scope.metrics)
  await meters.shutdown()
}, 120_000)

afterAll(async () => {
  trace.disable()
  metrics.disable()
  await bench.close()
})

function everyLabel(): readonly Readonly<Record<string, unknown>>[] {
  return [
    ...spans.map(({ attributes }) => attributes),
    ...measured.flatMap(({ dataPoints }) => dataPoints.map(({ attributes }) => attributes)),
  ]
}

function exported(): string {
  const ofSpans = spans.map(({ name, attributes, events, links, status }) => ({
    ...{ name, attributes, events, links, status },
  }))
  return JSON.stringify([ofSpans, measured])
}

describe('What is measured of a life full of trouble', () => {
  test('is every kind of work, and every way in which it ended', () => {
    const names = new Set(measured.map(({ descriptor }) => descriptor.name))
    expect([...names].toSorted()).toEqual(
      expect.arrayContaining([
        'integrations.cipher.failure',
        'integrations.connection.complete.duration',
        'integrations.connection.needs_reauth',
        'integrations.connection.start.duration',
        'integrations.job.connection',
        'integrations.job.run.duration',
        'integrations.provider.exchange.duration',
        'integrations.provider.examine.duration',
        'integrations.provider.refresh.duration',
        'integrations.provider.revoke.duration',
        'integrations.provider.verify.duration',
        'integrations.token.decrypt_failed',
        'integrations.token.read.duration',
        'integrations.token.refresh_failed',
        'integrations.token.refreshed',
      ]),
    )
    const failed = spans.filter(({ status }) => Number(status.code) === Number(SpanStatusCode.ERROR))
    expect(new Set(failed.map(({ attributes }) => attributes['outcome']))).toEqual(new Set(['failed']))
    expect(failed.length).toBeGreaterThan(20)
    expect(new Set(spans.map(({ name }) => `${name}.duration`))).toEqual(
      new Set([...names].filter((name) => name.endsWith('.duration'))),
    )
  })

  test('has no label but provider, outcome and class, and few values of each', () => {
    const labels = everyLabel()
    expect(labels.length).toBeGreaterThan(100)
    expect([...new Set(labels.flatMap((each) => Object.keys(each)))].toSorted()).toEqual(LABELS)
    const values = (name: string): Set<unknown> => new Set(labels.flatMap((each) => each[name] ?? []))
    expect(values('provider')).toEqual(new Set(['meta', 'google_ads', 'tiktok', 'klaviyo']))
    expect(values('outcome')).toEqual(new Set(['ok', 'failed', 'refreshed']))
    for (const kind of values('class')) expect(kind).toMatch(/^[a-z_]{1,40}$/)
    expect(values('class').size).toBeLessThan(40)
  })

  test('tells no secret, no tenant and no person', async () => {
    const tenants = await bench.admin.query<{ tenant_id: string }>(
      'SELECT DISTINCT tenant_id FROM integration_connections',
    )
    const secrets = new Map(seen.secrets)
    for (const { tenant_id: tenant } of tenants.rows) secrets.set(`tenant ${tenant}`, tenant)
    expect(secrets.size).toBeGreaterThan(100)
    expect(leaksOf(secrets, { telemetry: exported() })).toEqual([])
    expect(exported()).not.toMatch(/https?:|@[a-z]+\.[a-z]|tenant-/)
  })

  test('is searched by a search that finds', () => {
    const planted = canary('planted')
    expect(leaksOf(new Map([['planted', planted]]), { telemetry: exported() + planted })).not.toEqual([])
  })
})
