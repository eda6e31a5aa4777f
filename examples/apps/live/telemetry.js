// What the server measures of itself, twice a second, as server-sent events.
//
// All viewers look at one list of the last measurements, each with a place of its own in it: a viewer who is slow misses some and sees
// by the ids that it did, and one who was away says where it was (`Last-Event-ID`) and gets what is still there.

const EVERY_MS = Number(process.env.TELEMETRY_MS ?? 500);
const KEPT = 120;

const last = [];
let number = 0;
let viewers = 0;
let timer;
/** Those who have seen all, and wait for the next. */
let waiting = Promise.withResolvers();

function measure() {
  const { user, system } = process.cpuUsage();
  const measurement = { cpu_s: (user + system) / 1e6, memory: process.memoryUsage.rss(), viewers, at: Date.now() };
  number += 1;
  last.push(`id: ${number}\ndata: ${JSON.stringify(measurement)}\n\n`);
  if (last.length > KEPT) last.shift();
  waiting.resolve();
  waiting = Promise.withResolvers();
}

export function telemetry(request) {
  const seen = Number(request.headers.get('last-event-id'));
  // Who was not here before begins with the newest. A number from before the server's start is not one of this list.
  let next = Number.isInteger(seen) && seen > 0 && seen <= number ? seen + 1 : Math.max(1, number);
  viewers += 1;
  timer ??= setInterval(measure, EVERY_MS);
  const gone = () => {
    viewers -= 1;
    if (viewers === 0) timer = clearInterval(timer);
  };
  const stream = new ReadableStream(
    {
      start: (controller) => controller.enqueue('retry: 1000\n\n'),
      async pull(controller) {
        while (next > number) await waiting.promise;
        const oldest = number - last.length + 1;
        next = Math.max(next, oldest);
        controller.enqueue(last[next - oldest]);
        next += 1;
      },
      cancel: gone,
    },
    { highWaterMark: 0 },
  );
  return new Response(stream, { headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' } });
}
