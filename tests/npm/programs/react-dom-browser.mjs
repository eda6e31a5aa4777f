import React from 'react';
import { renderToReadableStream } from 'react-dom/server.browser';
const s = await renderToReadableStream(React.createElement('p', null, 'x'));
await s.allReady;
console.log(await new Response(s).text());
process.exit(0);
