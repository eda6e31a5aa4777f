// GETs over kept-alive connections; prints one JSON object. Runs unchanged on Twinloop, Node, Bun and Deno.
//
// Usage: fetch.js URL IN_FLIGHT SECONDS

const [url, inFlightText, secondsText] = process.argv.slice(2);
const inFlight = Number(inFlightText);
const duration = Number(secondsText) * 1000;

let requests = 0;
let end = 0;

async function client() {
  while (performance.now() < end) {
    const response = await fetch(url);
    const data = await response.json();
    if (data.id !== 1) throw new Error(`wrong answer: ${JSON.stringify(data)}`);
    requests += 1;
  }
}

async function phase(milliseconds) {
  requests = 0;
  const start = performance.now();
  end = start + milliseconds;
  await Promise.all(Array.from({ length: inFlight }, client));
  return (requests * 1000) / (performance.now() - start);
}

async function main() {
  await phase(Math.min(500, duration / 2));
  const perSecond = await phase(duration);
  console.log(JSON.stringify({ per_second: perSecond }));
  // Kept-alive connections must not hold the process in any runtime.
  process.exit(0);
}

main();
