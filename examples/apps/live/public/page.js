// The page: a player for the live stream, and a line of what the server measures.
import Hls from '/hls.mjs';

const element = (id) => document.getElementById(id);

// ---- the stream

const video = element('video');
const playlist = new URLSearchParams(location.search).get('stream') ?? 'live.m3u8';
const player = new Hls({ liveSyncDurationCount: 2 });
player.on(Hls.Events.ERROR, (_event, { fatal, details, response }) => {
  if (!fatal) return;
  element('fault').textContent = response?.code === 404 ? 'Nobody streams now.' : `The stream stopped: ${details}.`;
  // The encoder may come, or come back.
  setTimeout(() => player.loadSource(source), 2000);
});
player.on(Hls.Events.FRAG_BUFFERED, () => {
  element('fault').textContent = '';
  video.play().catch(() => {});
});
const source = `/media/${encodeURIComponent(playlist)}`;
player.loadSource(source);
player.attachMedia(video);

// ---- the measurements; a browser comes back by itself, and says what it has seen

const shares = [];
let before;
const events = new EventSource('/telemetry');
events.onopen = () => {
  element('state').textContent = 'connected';
};
events.onerror = () => {
  element('state').textContent = 'no connection; trying again ...';
};
events.onmessage = ({ data }) => {
  const now = JSON.parse(data);
  if (before !== undefined && now.at > before.at) {
    const share = ((now.cpu_s - before.cpu_s) / ((now.at - before.at) / 1000)) * 100;
    shares.push(Math.max(0, share));
    if (shares.length > 120) shares.shift();
    element('cpu').textContent = share.toFixed(1);
    const most = Math.max(10, ...shares);
    document.querySelector('#line polyline').setAttribute('points', shares.map((each, x) => `${x},${40 - (each / most) * 38}`).join(' '));
  }
  before = now;
  element('memory').textContent = (now.memory / 2 ** 20).toFixed(1);
  element('viewers').textContent = now.viewers;
};
