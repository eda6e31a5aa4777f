// The half of both.py that is JavaScript.
export function serve(name) {
  const server = globalThis.twinloop.serve({ port: 0, fetch: async () => new Response(`JavaScript and ${await name()}`) });
  return { url: server.url.href, stop: () => server.stop() };
}
