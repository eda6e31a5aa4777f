// What is said in one process is heard in all. Alone a process hears itself; with a URL the others hear it too: `local:NAME` among the
// processes of this machine, with nothing to install or start, and `redis://...` through Redis.
//
// Either may lose something: Redis was away, a process stood still. Then `returned` is called, and the rooms look for what they lack.

/** `heard(news)` gets what anybody says. */
export async function openBus(url, heard, returned) {
  if (!url) return { say: heard };
  const open = url.startsWith('local:') ? openLocal : openRedis;
  const post = await open(url, heard, returned);
  return {
    say(news) {
      heard(news);
      post(news);
    },
  };
}

async function openLocal(url, heard, returned) {
  const channel = new BroadcastChannel('chat', { url });
  channel.addEventListener('message', ({ data }) => heard(data));
  channel.addEventListener('lost', returned);
  await channel.ready;
  return (news) => channel.postMessage(news);
}

async function openRedis(url, heard, returned) {
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
  return (news) => {
    speaker.publish('chat', JSON.stringify({ from: me, news })).catch(() => {});
  };
}
