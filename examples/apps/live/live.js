// Live streaming: `MEDIA=folder twinloop serve live.js`.
//
//   /media/...   files of a folder, by ranges; HLS segments even while an encoder writes them
//   /telemetry   what the server measures of itself, as server-sent events
//
// A viewer takes what it can: nothing is queued for one who is slow, and nothing is kept for one who has gone.
import { existsSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { telemetry } from './telemetry.js';

const MEDIA = process.env.MEDIA ?? join(import.meta.dirname, 'media');
/** A segment that has not grown for so long is not written any more; seconds. */
const PATIENCE = Number(process.env.PATIENCE ?? 5);
const PIECE = 64 * 1024;
if (!existsSync(MEDIA))
  console.error(`live: the folder ${MEDIA} (MEDIA) is not there yet; until an encoder makes it there is nothing to see`);
const SEGMENT = /^\/media\/((?:[\w-]+\/)*[\w-]+\.(?:ts|m4s|mp4|aac))$/;

/** A file of the folder: whole, by ranges, or as it is written. */
async function media(request) {
  const name = SEGMENT.exec(new URL(request.url).pathname)?.[1];
  if (name !== undefined && request.method === 'GET' && !request.headers.has('range')) {
    const path = join(MEDIA, name);
    const status = await stat(path).catch(() => undefined);
    if (status?.isFile() && isYoung(status)) {
      return new Response(growing(await open(path)), { headers: { 'content-type': 'video/mp2t', 'cache-control': 'no-store' } });
    }
  }
  // A playlist changes all the time; the rest does not.
  const cacheControl = request.url.endsWith('.m3u8') ? 'no-store' : 'max-age=60';
  try {
    return await twinloop.serveDir(request, { fsRoot: MEDIA, urlRoot: '/media', index: '', cacheControl });
  } catch (error) {
    // No encoder has made the folder yet.
    if (error.code === 'ENOENT') return new Response('Not Found', { status: 404 });
    throw error;
  }
}

function isYoung(status) {
  return Date.now() - status.mtimeMs < PATIENCE * 1000;
}

/** A file that is being written: what is there, and what comes, until nothing has come for a while. Read when the viewer has room for it. */
function growing(file) {
  return new ReadableStream(
    {
      async pull(controller) {
        for (;;) {
          const { bytesRead, buffer } = await file.read(new Uint8Array(PIECE), 0, PIECE);
          if (bytesRead > 0) return controller.enqueue(buffer.subarray(0, bytesRead));
          if (!isYoung(await file.stat())) break;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
        await file.close();
        controller.close();
      },
      // The viewer has gone.
      cancel: () => file.close(),
    },
    { highWaterMark: 0 },
  );
}

export default {
  routes: {
    '/media/*': media,
    '/telemetry': telemetry,
    '/page.css': (request) => twinloop.serveFile(request, join(import.meta.dirname, '../page.css')),
    '/hls.mjs': (request) => twinloop.serveFile(request, new URL(import.meta.resolve('hls.js/dist/hls.light.mjs'))),
  },
  fetch: (request) => twinloop.serveDir(request, { fsRoot: join(import.meta.dirname, 'public') }),
};
