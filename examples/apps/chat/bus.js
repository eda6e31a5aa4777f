// What is said in one process is heard in all. Alone a process hears itself; with a URL the others hear it through Redis.
//
// Redis forgets: what is said while it is away is lost. So `returned` is called when it is back, and the rooms look for what they lack.

/** `heard(news)` gets what anybody says. */
export async function openBus(url, heard, returned) {
  if (!url) return { say: heard };
  const { createClient } = await import('redis');
  const me = crypto.randomUUID();
  // Without a queue for the time when Redis is away: it would grow, and the rooms do not need it.
  const speaker = createClient({ url, disableOfflineQueue: true });
  const listener = createClient({ url });
  for (const client of [speaker, listener]) {
    let isAway = false;
    client.on('error', (error) => {
      if (!isAway) console.error(`chat: Redis is away (${error.message || error.code}); people hear only those of their own server`);
      isAway = true;
    });
    client.on('ready', () => {
      if (isAway) returned();
      isAway = false;
    });
  }
  await Promise.all([speaker.connect(), listener.connect()]);
  await listener.subscribe('chat', (text) => {
    const { from, news } = JSON.parse(text);
    if (from !== me) heard(news);
  });
  return {
    say(news) {
      heard(news);
      speaker.publish('chat', JSON.stringify({ from: me, news })).catch(() => {});
    },
  };
}
