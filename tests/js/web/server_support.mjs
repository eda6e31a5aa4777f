// What the suites of twinloop.serve share: a server on a free port, and what is awaited of emitters and targets.
const { serve } = twinloop;

export const local = { hostname: '127.0.0.1', port: 0 };

/** Serves while `use(base, server)` runs. */
export async function serving(options, use) {
  const server = serve({ ...local, ...options });
  try {
    await use(`http://127.0.0.1:${server.port}`, server);
  } finally {
    await server.stop(true);
  }
}

/** What a handler's failures print goes here meanwhile. */
export async function silently(use) {
  const { error } = console;
  const shown = [];
  console.error = (value) => shown.push(value);
  try {
    await use();
  } finally {
    console.error = error;
  }
  return shown;
}

export const nextOf = (emitter, type) => new Promise((resolve) => emitter.once(type, resolve));
export const next = (target, type) => new Promise((resolve) => target.addEventListener(type, resolve, { once: true }));
