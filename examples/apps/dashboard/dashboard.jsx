// A dashboard in both languages, in one process: NumPy computes the figures, React makes the page of them. `twinloop serve dashboard.jsx`
//
// The head of the page is on its way before the figures are there, and what NumPy has computed is not copied for JavaScript.
import { figures } from 'python:figures';
import { Suspense, use } from 'react';
import { renderToReadableStream } from 'react-dom/server';

const RANGES = ['day', 'week', 'month', 'year'];
/** Of scripts, only those that React has put into this answer. */
const policy = (nonce) => `default-src 'self'; img-src 'self' data:; script-src 'nonce-${nonce}'`;

function Line({ values, most }) {
  let points = '';
  for (let x = 0; x < values.length; x += 1) points += `${x},${(200 - (values[x] / most) * 195).toFixed(1)} `;
  return (
    <svg viewBox={`0 0 ${values.length} 200`} width="100%" height="200" preserveAspectRatio="none" role="img">
      <title>Power</title>
      <polyline points={points} fill="none" stroke="currentColor" strokeWidth="1.5" />
    </svg>
  );
}

function Bars({ values }) {
  const most = Math.max(...values);
  return (
    <svg viewBox="0 0 240 60" width="100%" height="120" preserveAspectRatio="none" role="img">
      <title>Mean power by the hour of the day</title>
      {values.map((value, hour) => (
        <rect
          key={hour.toString()}
          x={hour * 10 + 1}
          y={60 - (value / most) * 58}
          width="8"
          height={(value / most) * 58}
          fill="currentColor"
        />
      ))}
    </svg>
  );
}

function Figures({ found }) {
  const figures = use(found);
  // The head of the page has left with 200: that there are no figures can only be said in it.
  if (figures === undefined) return <p id="fault">The figures could not be computed.</p>;
  const { line, energy, most, percentiles, hours, minutes } = figures;
  return (
    <>
      <Line values={line} most={most} />
      <table>
        <tbody>
          <tr>
            <th>Energy</th>
            <td id="energy">{energy.toFixed(0)} kWh</td>
          </tr>
          <tr>
            <th>Most power</th>
            <td>{most.toFixed(1)} kW</td>
          </tr>
          {percentiles.map(([name, value]) => (
            <tr key={name}>
              <th>{name} of the minutes are below</th>
              <td>{value.toFixed(1)} kW</td>
            </tr>
          ))}
          <tr>
            <th>Minutes</th>
            <td>{minutes}</td>
          </tr>
        </tbody>
      </table>
      <h2>By the hour of the day</h2>
      <Bars values={hours} />
    </>
  );
}

function Page({ range, smooth, found }) {
  return (
    <html lang="en">
      <head>
        <meta charSet="utf-8" />
        <meta name="viewport" content="width=device-width" />
        <title>{`Power, last ${range}`}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/page.css" />
      </head>
      <body>
        <header>
          <h1>Power, last {range}</h1>
          <nav className="state">
            {RANGES.map((each) => (
              <a key={each} href={`/${each}?smooth=${smooth}`}>
                {each}
              </a>
            ))}
          </nav>
        </header>
        <form>
          <label>
            Smoothed over <input name="smooth" type="number" min="1" max="1440" defaultValue={smooth} /> minutes
          </label>
          <button type="submit">Show</button>
        </form>
        <Suspense fallback={<p id="wait">NumPy computes ...</p>}>
          <Figures found={found} />
        </Suspense>
      </body>
    </html>
  );
}

/** Python's figures as React wants them; undefined if they could not be computed. */
async function shown(range, smooth) {
  let found;
  try {
    found = await figures(range, smooth);
  } catch (error) {
    console.error(`dashboard: the figures of a ${range} could not be computed: ${error.name}: ${error.message}`);
    return undefined;
  }
  return {
    line: found.line.toJs(),
    energy: found.energy_kwh,
    most: found.most_kw,
    percentiles: Object.entries(found.percentiles),
    hours: [...found.by_hour],
    minutes: found.minutes,
  };
}

async function page(request) {
  const { range } = request.params;
  if (!RANGES.includes(range)) return new Response('no such range', { status: 404 });
  const asked = Number(new URL(request.url).searchParams.get('smooth') ?? 30);
  const smooth = Number.isSafeInteger(asked) ? Math.min(Math.max(asked, 1), 1440) : 30;
  const nonce = crypto.randomUUID();
  const stream = await renderToReadableStream(<Page range={range} smooth={smooth} found={shown(range, smooth)} />, {
    nonce,
    signal: request.signal,
    // The reader has gone: nobody is left to tell.
    onError(error) {
      if (!request.signal.aborted) console.error(error);
    },
  });
  return new Response(stream, { headers: { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(nonce) } });
}

export default {
  routes: {
    '/page.css': (request) => twinloop.serveFile(request, `${import.meta.dirname}/../page.css`),
    '/:range': page,
  },
  fetch: (request) => Response.redirect(new URL('/week', request.url)),
};
