// @opentelemetry/api, @opentelemetry/sdk-trace-node, @opentelemetry/sdk-trace-base, @opentelemetry/context-async-hooks,
// @opentelemetry/sdk-metrics and prom-client do what they do on Node.
import { trace, context, propagation, SpanStatusCode } from '@opentelemetry/api';
import { NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import { SimpleSpanProcessor, InMemorySpanExporter, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { MeterProvider, PeriodicExportingMetricReader, InMemoryMetricExporter, AggregationTemporality } from '@opentelemetry/sdk-metrics';
const ex = new InMemorySpanExporter();
const tp = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(ex), new BatchSpanProcessor(new InMemorySpanExporter())] });
tp.register();
const tr = trace.getTracer('x');
await tr.startActiveSpan('parent', async (s) => {
  await new Promise((r) => setTimeout(r, 5));
  await tr.startActiveSpan('child', async (c) => {
    c.setAttribute('k', 'v');
    c.addEvent('ev');
    c.recordException(new Error('e'));
    c.setStatus({ code: SpanStatusCode.ERROR });
    c.end();
  });
  process.nextTick(() => {});
  queueMicrotask(() => console.log(trace.getActiveSpan() === s));
  const car = {};
  propagation.inject(context.active(), car);
  console.log(car.traceparent?.length);
  s.end();
});
console.log(ex.getFinishedSpans().map((s) => [s.name, !!s.parentSpanContext, s.attributes, s.events.map((e) => e.name)]));
await tp.shutdown();
const me = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
const rd = new PeriodicExportingMetricReader({ exporter: me, exportIntervalMillis: 100000 });
const mp = new MeterProvider({ readers: [rd] });
const c = mp.getMeter('m').createCounter('c');
c.add(5, { a: 1 });
await mp.forceFlush();
console.log(me.getMetrics()[0].scopeMetrics[0].metrics[0].dataPoints[0].value);
await mp.shutdown();
const prom = (await import('prom-client')).default;
const reg = new prom.Registry();
new prom.Counter({ name: 'n', help: 'h', labelNames: ['a'], registers: [reg] }).inc({ a: 'x' }, 3);
new prom.Histogram({ name: 'hh', help: 'h', buckets: [1, 5], registers: [reg] }).observe(3);
console.log(await reg.metrics());
prom.collectDefaultMetrics({ register: new prom.Registry() });
const r2 = new prom.Registry();
prom.collectDefaultMetrics({ register: r2 });
console.log((await r2.getMetricsAsJSON()).length > 10);
process.exit(0);
