// What is said in one process is heard in all. Alone a process hears itself; with a URL the others hear it too, by a BroadcastChannel:
// `local:NAME` among the processes of this machine, with nothing to install or start, and `redis://...` or `nats://...` among machines.
//
// Any of them may lose something: a server was away, a process stood still. Then `returned` is called, and the rooms look for what they
// lack.

import { cannotOpen } from '../faults.js';

/** `heard(news)` gets what anybody says. */
export async function openBus(url, heard, returned) {
  if (!url) return { say: heard };
  const channel = new BroadcastChannel('chat', { url });
  channel.addEventListener('message', ({ data }) => {
    try {
      heard(data);
    } catch (error) {
      console.error(`chat: what another program said on this channel is nothing of the chat: ${error.message}`);
    }
  });
  channel.addEventListener('lost', returned);
  channel.addEventListener('open', returned);
  // Once it has been there it is waited for. One that is not there at the start is more likely a wrong address, which is told at once.
  await new Promise((resolve, reject) => {
    channel.addEventListener('error', reject, { once: true });
    channel.ready.then(resolve, reject);
  }).catch((error) => {
    throw cannotOpen('BUS_URL', url, error);
  });
  channel.addEventListener('error', ({ message }) => {
    console.error(`chat: the other servers are away (${message}); people hear only those of their own`);
  });
  return {
    say(news) {
      heard(news);
      try {
        channel.postMessage(news);
      } catch {
        // Too much waits already; `returned` makes up for it.
      }
    },
  };
}
