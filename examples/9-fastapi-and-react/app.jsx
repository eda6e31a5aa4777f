// One server in two languages: FastAPI answers for the data below /api, React streams the pages. `twinloop serve app.jsx`
import { app, texts } from 'python:api';
import { Suspense, use } from 'react';
import { renderToReadableStream } from 'react-dom/server';

function Notes({ texts }) {
  return (
    <ul>
      {use(texts).map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

function Page({ name, texts }) {
  return (
    <html lang="en">
      <body>
        <h1>Notes of {name}</h1>
        <Suspense fallback={<p>one moment ...</p>}>
          <Notes texts={texts} />
        </Suspense>
      </body>
    </html>
  );
}

async function page(request) {
  // The page is on its way before Python has the notes.
  const later = texts().then((found) => [...found]);
  const stream = await renderToReadableStream(<Page name={request.params.name} texts={later} />);
  return new Response(stream, { headers: { 'content-type': 'text/html; charset=utf-8' } });
}

export default {
  routes: { '/api/*': twinloop.asgi(app), '/:name': page },
  fetch: (request) => Response.redirect(new URL('/everybody', request.url)),
};
