// The page of a trace: a canvas with a row for the loop, each task and each chain of microtasks, and what is said of them. It reads the data that stands beside
// it in the page and nothing else. Bars are columns of numbers, sorted by their start; a bar is its place in them.
'use strict';

const data = JSON.parse(document.getElementById('data').textContent);

/** As `trace/format.rs` numbers them. */
const kinds = { turn: 1, wait: 2, callback: 3, step: 4, io: 5, future: 6, timer: 7, microtasks: 8, chain: 9, poolWait: 10, poolRun: 11 };
const rowHeight = 22;
const titleWidth = 210;
const axisHeight = 22;
const slowest = new Map();

/** @param {string} text @param {any} type */
function column(text, type) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let index = 0; index < binary.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return new type(bytes.buffer);
}

/** A loop's bars, with what is asked of them again and again. */
function readLoop(raw, number) {
  const bars = {
    title: `process ${raw.process}, loop ${raw.number + 1}`,
    number,
    rows: raw.rows,
    count: raw.count,
    start: column(raw.start, Float64Array),
    duration: column(raw.duration, Float32Array),
    row: column(raw.row, Uint32Array),
    place: column(raw.place, Uint32Array),
    lane: column(raw.lane, Uint32Array),
    origin: column(raw.origin, Uint32Array),
    value: column(raw.value, Uint32Array),
    kind: column(raw.kind, Uint8Array),
    language: column(raw.language, Uint8Array),
    samples: raw.samples,
    unfinished: new Set(raw.unfinished),
    /** For each row its bars; turns apart, as the others lie on them. */
    ofRow: [],
    turns: [],
    /** For each bar the one before it in its lane, or -1. */
    before: new Int32Array(raw.count).fill(-1),
    /** For each bar those that it made go on. */
    woken: new Map(),
    begin: 0,
    end: 1,
    slow: new Set(),
    found: undefined,
    view: { from: 0, to: 1, top: 0 },
  };
  const rows = raw.rows.map(() => []);
  const lastOfLane = new Map();
  let end = 0;
  for (let bar = 0; bar < bars.count; bar += 1) {
    end = Math.max(end, bars.start[bar] + bars.duration[bar]);
    if (bars.kind[bar] === kinds.turn) bars.turns.push(bar);
    else rows[bars.row[bar]].push(bar);
    const lane = bars.lane[bar];
    if (lane !== 0) {
      bars.before[bar] = lastOfLane.get(lane) ?? -1;
      lastOfLane.set(lane, bar);
    }
    const origin = bars.origin[bar] - 1;
    if (origin >= 0 && bars.kind[bar] !== kinds.microtasks) {
      const woken = bars.woken.get(origin);
      if (woken === undefined) bars.woken.set(origin, [bar]);
      else woken.push(bar);
    }
  }
  bars.ofRow = rows.map((row) => Uint32Array.from(row));
  bars.begin = bars.count === 0 ? 0 : bars.start[0];
  bars.end = Math.max(end, bars.begin + 0.001);
  bars.view = { from: bars.begin, to: bars.end, top: 0 };
  return bars;
}

const loops = data.loops.map(readLoop);
for (const blocked of data.blocked) {
  loops[blocked.loop].slow.add(blocked.bar);
  slowest.set(`${blocked.loop}:${blocked.bar}`, blocked);
}

const find = (id) => document.getElementById(id);
const canvas = find('timeline');
const map = find('map');
const tip = find('tip');
let current = loops[0];
let hovered = -1;
let chosen = -1;
let shownArrows = true;
const colors = {};
let isDue = false;

// ---- in words -------------------------------------------------------------------------------------------------------

/** @param {number} ms */
function duration(ms) {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms >= 100) return `${ms.toFixed(0)} ms`;
  if (ms >= 1) return `${ms.toFixed(1)} ms`;
  if (ms >= 0.001) return `${(ms * 1000).toFixed(ms >= 0.01 ? 0 : 1)} µs`;
  return `${Math.round(ms * 1e6)} ns`;
}

const fileName = (path) => path.slice(path.lastIndexOf('/') + 1);

/** @param {number} number of a place */
function placeText(number) {
  const [what, file, line] = data.places[number];
  if (file === '') return what;
  return `${what} (${fileName(file)}${line === 0 ? '' : `:${line}`})`;
}

function kindText(bars, bar) {
  const value = bars.value[bar];
  switch (bars.kind[bar]) {
    case kinds.turn:
      return 'a turn of the loop';
    case kinds.wait:
      return 'nothing was ready: the loop slept';
    case kinds.step:
      return bars.unfinished.has(bars.lane[bar]) ? 'step of a task that has not ended' : 'step of a task';
    case kinds.io:
      return `descriptor ${value} was ready`;
    case kinds.future:
      return 'a native operation went on';
    case kinds.timer:
      return value >= 1000 ? `a timer, ${duration(value / 1000)} late` : 'a timer';
    case kinds.microtasks:
      return 'the microtasks after an entry';
    case kinds.chain:
      return value === 1 ? 'a microtask' : `${value} microtasks in a row`;
    case kinds.poolWait:
      return 'blocking work, waiting for a thread';
    case kinds.poolRun:
      return 'blocking work on another thread';
    default:
      return 'a callback';
  }
}

/** An element with text; nothing of the program's is ever read as HTML. */
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className !== undefined) made.className = className;
  return made;
}

function sourceOf(place, around) {
  const [, file, line] = data.places[place];
  const lines = data.sources[file];
  if (lines?.[line] === undefined) return undefined;
  const shown = element('pre');
  for (let near = line - around; near <= line + around; near += 1) {
    const text = lines[near];
    if (text === undefined) continue;
    shown.append(element('div', `${String(near).padStart(4)}  ${text}`, near === line ? 'here' : undefined));
  }
  return shown;
}

/** What a bar waited for, in words and as the bar. */
function waitOf(bars, bar) {
  const origin = bars.origin[bar] - 1;
  const before = bars.before[bar];
  const since = before < 0 ? undefined : bars.start[bar] - bars.start[before] - bars.duration[before];
  return { origin, since };
}

function describe(bars, bar, target, isFull) {
  target.replaceChildren();
  const place = bars.place[bar];
  const [, file, line] = data.places[place];
  const title = element('p');
  title.append(element('b', placeText(place)));
  target.append(title, element('p', `${duration(bars.duration[bar])}, ${kindText(bars, bar)}`));
  target.append(element('p', `from ${duration(bars.start[bar] - bars.begin)} on`, 'quiet'));
  const { origin, since } = waitOf(bars, bar);
  if (since !== undefined) target.append(element('p', `it had waited for ${duration(Math.max(0, since))}`));
  if (origin >= 0) target.append(element('p', `${since === undefined ? 'queued by' : 'until'} ${placeText(bars.place[origin])}`));
  const blocked = slowest.get(`${bars.number}:${bar}`);
  if (blocked !== undefined) target.append(element('p', blocked.advice));
  if (bars.kind[bar] === kinds.step && bars.value[bar] > 0) {
    target.append(element('p', `afterwards it waits at ${placeText(bars.value[bar] - 1)}`));
  }
  if (file !== '') target.append(element('p', isFull ? `${file}:${line}` : `${fileName(file)}:${line}`, 'place'));
  const source = sourceOf(blocked?.hottest ?? place, isFull ? 2 : 0);
  if (source !== undefined) target.append(source);
  const stacks = bars.samples[bar];
  if (isFull && stacks !== undefined) {
    target.append(element('p', `seen while it ran (${stacks.length}):`));
    const seen = new Map();
    for (const stack of stacks) {
      const text = stack.map(placeText).join('\n');
      seen.set(text, (seen.get(text) ?? 0) + 1);
    }
    for (const [text, count] of seen) target.append(element('pre', `${count}×\n${text}`));
  }
}

// ---- drawing --------------------------------------------------------------------------------------------------------

function readColors() {
  const style = getComputedStyle(document.documentElement);
  const names = ['ground', 'raised', 'line', 'text', 'quiet', 'javascript', 'python', 'native', 'pool', 'wait', 'turn', 'slow', 'chosen'];
  for (const name of names) colors[name] = style.getPropertyValue(`--${name}`).trim();
}

function colorOf(bars, bar) {
  const kind = bars.kind[bar];
  if (kind === kinds.wait || kind === kinds.poolWait) return colors.wait;
  if (kind === kinds.poolRun) return colors.pool;
  return [colors.native, colors.javascript, colors.python][bars.language[bar]] ?? colors.native;
}

function draw() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(() => {
    isDue = false;
    if (current === undefined) return;
    drawTimeline();
    drawMap();
  });
}

function size(target, height) {
  const ratio = window.devicePixelRatio || 1;
  const width = target.clientWidth;
  if (target.width !== Math.round(width * ratio) || target.height !== Math.round(height * ratio)) {
    target.width = Math.round(width * ratio);
    target.height = Math.round(height * ratio);
    target.style.height = `${height}px`;
  }
  const context = target.getContext('2d');
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}

const stageHeight = () => Math.max(220, Math.min(axisHeight + current.rows.length * rowHeight + 8, Math.round(window.innerHeight * 0.55)));
const xOf = (time, width) => titleWidth + ((time - current.view.from) / (current.view.to - current.view.from)) * (width - titleWidth);
const timeOf = (x, width) => current.view.from + ((x - titleWidth) / (width - titleWidth)) * (current.view.to - current.view.from);
const yOf = (row) => axisHeight + row * rowHeight - current.view.top;

/** The first of these bars that ends after a time: a binary search by their starts, and a little back for one that is long. */
function firstVisible(bars, list, time) {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (bars.start[list[middle]] < time) low = middle + 1;
    else high = middle;
  }
  let first = low;
  for (let back = low - 1; back >= 0 && back > low - 64; back -= 1) {
    if (bars.start[list[back]] + bars.duration[list[back]] >= time) first = back;
  }
  return first;
}

function drawTimeline() {
  const bars = current;
  const { context, width, height } = size(canvas, stageHeight());
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, width, height);
  drawAxis(context, width, height);
  context.save();
  context.beginPath();
  context.rect(0, axisHeight, width, height - axisHeight);
  context.clip();
  const firstRow = Math.max(0, Math.floor(bars.view.top / rowHeight));
  const lastRow = Math.min(bars.rows.length - 1, Math.ceil((bars.view.top + height - axisHeight) / rowHeight));
  context.save();
  context.beginPath();
  context.rect(titleWidth, axisHeight, width - titleWidth, height - axisHeight);
  context.clip();
  if (firstRow === 0) drawList(context, bars, bars.turns, 0, width, true);
  for (let row = firstRow; row <= lastRow; row += 1) drawList(context, bars, bars.ofRow[row], row, width, false);
  if (shownArrows) drawArrows(context, bars, firstRow, lastRow, width);
  if (chosen >= 0) drawWays(context, bars, chosen, width);
  if (hovered >= 0 && hovered !== chosen) drawWays(context, bars, hovered, width);
  context.restore();
  drawTitles(context, bars, firstRow, lastRow, height);
  context.restore();
}

function drawAxis(context, width, height) {
  const span = current.view.to - current.view.from;
  const step = niceStep(span / Math.max(2, (width - titleWidth) / 110));
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  context.strokeStyle = colors.line;
  context.fillStyle = colors.quiet;
  context.lineWidth = 1;
  const first = Math.ceil((current.view.from - current.begin) / step) * step;
  for (let time = first; time <= current.view.to - current.begin; time += step) {
    const x = Math.round(xOf(time + current.begin, width)) + 0.5;
    if (x < titleWidth) continue;
    context.beginPath();
    context.moveTo(x, axisHeight - 4);
    context.lineTo(x, height);
    context.globalAlpha = 0.6;
    context.stroke();
    context.globalAlpha = 1;
    context.fillText(axisText(time, step), x + 3, axisHeight / 2);
  }
}

function axisText(time, step) {
  if (step >= 1000) return `${(time / 1000).toFixed(0)} s`;
  if (step >= 1) return `${time.toFixed(0)} ms`;
  if (step >= 0.001) return `${(time * 1000).toFixed(0)} µs`;
  return `${(time * 1e6).toFixed(0)} ns`;
}

function niceStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  for (const factor of [1, 2, 5, 10]) if (factor * power >= least) return factor * power;
  return 10 * power;
}

function drawList(context, bars, list, row, width, areTurns) {
  const { from, to } = bars.view;
  const scale = (width - titleWidth) / (to - from);
  const y = yOf(row);
  let drawnTo = -1;
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  for (let index = firstVisible(bars, list, from); index < list.length; index += 1) {
    const bar = list[index];
    const start = bars.start[bar];
    if (start > to) break;
    const x = titleWidth + (start - from) * scale;
    const length = bars.duration[bar] * scale;
    if (areTurns) {
      if (x + length <= drawnTo) continue;
      drawnTo = Math.max(x + length, x + 1);
      context.fillStyle = colors.turn;
      context.fillRect(x, y + rowHeight - 4, Math.max(1, length), 2);
      continue;
    }
    const isSlow = bars.slow.has(bar);
    // One pixel shows one bar; what blocked is never left out.
    if (x + Math.max(1, length) <= drawnTo && !isSlow && bar !== chosen) continue;
    const before = bars.before[bar];
    if (before >= 0 && length + x > titleWidth) drawRest(context, bars, before, x, y, scale, from);
    drawnTo = x + Math.max(1, length);
    context.globalAlpha = bars.found !== undefined && !bars.found.has(bar) ? 0.2 : 1;
    context.fillStyle = colorOf(bars, bar);
    context.fillRect(x, y + 3, Math.max(1, length), rowHeight - 8);
    if (isSlow) {
      context.strokeStyle = colors.slow;
      context.lineWidth = 2;
      context.strokeRect(x, y + 2, Math.max(2, length), rowHeight - 6);
    }
    if (bar === chosen) {
      context.strokeStyle = colors.chosen;
      context.lineWidth = 2;
      context.strokeRect(x - 1, y + 1, Math.max(2, length) + 2, rowHeight - 4);
    }
    if (length > 44) label(context, bars, bar, x, y, length);
    context.globalAlpha = 1;
  }
}

/** Between two bars of one lane: it waits. */
function drawRest(context, bars, before, x, y, scale, from) {
  const start = titleWidth + (bars.start[before] + bars.duration[before] - from) * scale;
  if (x - start < 3) return;
  context.globalAlpha = 0.45;
  context.fillStyle = colors.quiet;
  context.fillRect(Math.max(start, titleWidth), y + rowHeight / 2 - 1, x - Math.max(start, titleWidth), 1);
  context.globalAlpha = 1;
}

function label(context, bars, bar, x, y, length) {
  const left = Math.max(x, titleWidth) + 4;
  const room = x + length - left - 4;
  if (room < 30) return;
  const isPale = bars.kind[bar] === kinds.wait || bars.kind[bar] === kinds.poolWait;
  context.fillStyle = isPale ? colors.quiet : '#101216';
  const text = data.places[bars.place[bar]][0];
  const most = Math.floor(room / 6);
  context.fillText(text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text, left, y + rowHeight / 2 - 1);
}

/** Arrows to all that went on in sight, as long as they are few enough to be read. */
function drawArrows(context, bars, firstRow, lastRow, width) {
  const { from, to } = bars.view;
  const shown = [];
  for (let row = firstRow; row <= lastRow; row += 1) {
    const list = bars.ofRow[row];
    for (let index = firstVisible(bars, list, from); index < list.length; index += 1) {
      const bar = list[index];
      if (bars.start[bar] > to) break;
      const origin = bars.origin[bar] - 1;
      if (origin < 0 || bars.kind[bar] === kinds.microtasks || bars.row[origin] === bars.row[bar]) continue;
      shown.push(bar);
      if (shown.length > 250) return;
    }
  }
  context.globalAlpha = 0.5;
  for (const bar of shown) arrow(context, bars, bars.origin[bar] - 1, bar, colors.quiet, width);
  context.globalAlpha = 1;
}

/** The way that led to a bar, and what it led to. */
function drawWays(context, bars, bar, width) {
  let at = bar;
  for (let steps = 0; steps < 40 && bars.origin[at] > 0; steps += 1) {
    const origin = bars.origin[at] - 1;
    if (origin >= at) break;
    arrow(context, bars, origin, at, colors.chosen, width);
    at = origin;
  }
  for (const woken of (bars.woken.get(bar) ?? []).slice(0, 60)) arrow(context, bars, bar, woken, colors.slow, width);
}

function arrow(context, bars, origin, bar, color, width) {
  const x1 = xOf(Math.min(bars.start[origin] + bars.duration[origin], bars.start[bar]), width);
  const x2 = xOf(bars.start[bar], width);
  const y1 = yOf(bars.row[origin]) + rowHeight / 2 - 1;
  const y2 = yOf(bars.row[bar]) + rowHeight / 2 - 1;
  const bend = Math.max(12, Math.min(60, (x2 - x1) / 2));
  context.strokeStyle = color;
  context.fillStyle = color;
  context.lineWidth = 1.2;
  context.beginPath();
  context.moveTo(x1, y1);
  context.bezierCurveTo(x1 + bend, y1, x2 - bend, y2, x2, y2);
  context.stroke();
  context.beginPath();
  context.moveTo(x2, y2);
  context.lineTo(x2 - 5, y2 - 3);
  context.lineTo(x2 - 5, y2 + 3);
  context.fill();
}

function drawTitles(context, bars, firstRow, lastRow, height) {
  context.fillStyle = colors.raised;
  context.fillRect(0, axisHeight, titleWidth, height - axisHeight);
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  for (let row = firstRow; row <= lastRow; row += 1) {
    const y = yOf(row);
    context.fillStyle = row < 2 ? colors.text : colors.quiet;
    context.fillText(fitted(context, bars.rows[row][0], titleWidth - 16), 8, y + rowHeight / 2);
    context.fillStyle = colors.line;
    context.fillRect(0, y + rowHeight - 1, titleWidth, 1);
  }
}

/** As much of a text as has room. */
function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let length = Math.min(text.length, Math.floor(room / 4));
  while (length > 1 && context.measureText(`${text.slice(0, length)}…`).width > room) length -= 1;
  return `${text.slice(0, length)}…`;
}

/** How busy the loop was, over the whole time. */
let busy;
function drawMap() {
  const { context, width, height } = size(map, 42);
  context.fillStyle = colors.ground;
  context.fillRect(0, 0, width, height);
  const span = current.end - current.begin;
  if (busy?.width !== width || busy.bars !== current) busy = { width, bars: current, parts: busyParts(width) };
  context.fillStyle = colors.native;
  for (let x = 0; x < width; x += 1) {
    const part = Math.min(1, busy.parts[x]);
    if (part > 0) context.fillRect(x, height - 4 - part * (height - 8), 1, part * (height - 8) + 1);
  }
  context.fillStyle = colors.slow;
  for (const bar of current.slow) {
    const x = ((current.start[bar] - current.begin) / span) * width;
    context.fillRect(x, 2, Math.max(2, (current.duration[bar] / span) * width), 4);
  }
  const left = ((current.view.from - current.begin) / span) * width;
  const right = ((current.view.to - current.begin) / span) * width;
  context.fillStyle = colors.chosen;
  context.globalAlpha = 0.18;
  context.fillRect(left, 0, Math.max(2, right - left), height);
  context.globalAlpha = 1;
  context.strokeStyle = colors.chosen;
  context.strokeRect(left + 0.5, 0.5, Math.max(2, right - left) - 1, height - 1);
}

function busyParts(width) {
  const parts = new Float32Array(width + 1);
  const each = (current.end - current.begin) / width;
  for (const turn of current.turns) {
    let from = (current.start[turn] - current.begin) / each;
    const to = from + current.duration[turn] / each;
    while (from < to) {
      const next = Math.min(to, Math.floor(from) + 1);
      parts[Math.min(width, Math.floor(from))] += next - from;
      from = next;
    }
  }
  return parts;
}

// ---- moving ---------------------------------------------------------------------------------------------------------

function look(from, to) {
  const least = 0.0005;
  const whole = current.end - current.begin;
  const span = Math.min(Math.max(to - from, least), whole * 1.1);
  let begin = from + (to - from - span) / 2;
  begin = Math.min(Math.max(begin, current.begin - whole * 0.05), current.end + whole * 0.05 - span);
  current.view.from = begin;
  current.view.to = begin + span;
  draw();
}

function scrollRows(by) {
  const most = Math.max(0, current.rows.length * rowHeight + axisHeight + 8 - stageHeight());
  current.view.top = Math.min(most, Math.max(0, current.view.top + by));
  draw();
}

function zoom(factor, time) {
  const { from, to } = current.view;
  look(time - (time - from) * factor, time + (to - time) * factor);
}

function show(bar) {
  const around = Math.max(current.duration[bar] * 1.5, 0.02);
  const middle = current.start[bar] + current.duration[bar] / 2;
  look(middle - around, middle + around);
  const y = current.row[bar] * rowHeight;
  if (y < current.view.top || y > current.view.top + stageHeight() - axisHeight - rowHeight) {
    current.view.top = 0;
    scrollRows(y - stageHeight() / 2 + axisHeight);
  }
  choose(bar);
}

function choose(bar) {
  chosen = bar;
  const target = find('chosen');
  target.classList.toggle('quiet', bar < 0);
  if (bar < 0) target.textContent = 'A click on a bar shows where it is from and what it waited for.';
  else describe(current, bar, target, true);
  draw();
}

/** The bar at a place of the canvas, or -1. */
function barAt(x, y) {
  if (x < titleWidth || y < axisHeight) return -1;
  const row = Math.floor((y - axisHeight + current.view.top) / rowHeight);
  const list = current.ofRow[row];
  if (list === undefined) return -1;
  const width = canvas.clientWidth;
  const pixel = (current.view.to - current.view.from) / (width - titleWidth);
  const time = timeOf(x, width);
  let best = -1;
  let least = pixel * 4;
  for (let index = firstVisible(current, list, time - pixel * 4); index < list.length; index += 1) {
    const bar = list[index];
    const start = current.start[bar];
    if (start > time + pixel * 4) break;
    const away = Math.max(start - time, time - start - current.duration[bar], 0);
    if (away < least || (away === 0 && least === 0)) {
      best = bar;
      least = away;
    }
  }
  return best;
}

let drag;
canvas.addEventListener('pointerdown', (event) => {
  canvas.setPointerCapture(event.pointerId);
  drag = { x: event.offsetX, y: event.offsetY, from: current.view.from, to: current.view.to, top: current.view.top, moved: false };
  canvas.focus();
});
canvas.addEventListener('pointermove', (event) => {
  if (drag === undefined) {
    hover(event.offsetX, event.offsetY);
    return;
  }
  const dx = event.offsetX - drag.x;
  const dy = event.offsetY - drag.y;
  if (!drag.moved && Math.abs(dx) + Math.abs(dy) < 4) return;
  drag.moved = true;
  canvas.classList.add('dragged');
  tip.hidden = true;
  const by = (dx / (canvas.clientWidth - titleWidth)) * (drag.to - drag.from);
  look(drag.from - by, drag.to - by);
  scrollRows(drag.top - dy - current.view.top);
});
canvas.addEventListener('pointerup', (event) => {
  canvas.classList.remove('dragged');
  if (drag !== undefined && !drag.moved) choose(barAt(event.offsetX, event.offsetY));
  drag = undefined;
});
canvas.addEventListener('pointerleave', () => {
  tip.hidden = true;
  if (hovered !== -1) {
    hovered = -1;
    draw();
  }
});
canvas.addEventListener(
  'wheel',
  (event) => {
    event.preventDefault();
    const width = canvas.clientWidth;
    if (event.offsetX < titleWidth) scrollRows(event.deltaY);
    else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      const by = ((event.deltaX || event.deltaY) / (width - titleWidth)) * (current.view.to - current.view.from);
      look(current.view.from + by, current.view.to + by);
    } else zoom(1.0015 ** event.deltaY, timeOf(event.offsetX, width));
  },
  { passive: false },
);

function hover(x, y) {
  const bar = barAt(x, y);
  if (bar !== hovered) {
    hovered = bar;
    draw();
    if (bar >= 0) describe(current, bar, tip, false);
  }
  tip.hidden = bar < 0;
  if (bar < 0) return;
  const stage = find('stage');
  const left = Math.min(x + 14, stage.clientWidth - tip.offsetWidth - 6);
  const below = y + 16 + tip.offsetHeight < stage.clientHeight;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(2, below ? y + 16 : y - tip.offsetHeight - 10)}px`;
}

let isMapHeld = false;
function lookAt(x) {
  const time = current.begin + (x / map.clientWidth) * (current.end - current.begin);
  const half = (current.view.to - current.view.from) / 2;
  look(time - half, time + half);
}
map.addEventListener('pointerdown', (event) => {
  isMapHeld = true;
  map.setPointerCapture(event.pointerId);
  // A first click in the whole has something to move.
  if (current.view.to - current.view.from > (current.end - current.begin) * 0.9) zoom(0.1, current.begin);
  lookAt(event.offsetX);
});
map.addEventListener('pointermove', (event) => {
  if (isMapHeld) lookAt(event.offsetX);
});
map.addEventListener('pointerup', () => {
  isMapHeld = false;
});

const middle = () => (current.view.from + current.view.to) / 2;
const move = (part) =>
  look(current.view.from + (current.view.to - current.view.from) * part, current.view.to + (current.view.to - current.view.from) * part);
const keys = {
  w: () => zoom(0.7, middle()),
  '+': () => zoom(0.7, middle()),
  s: () => zoom(1 / 0.7, middle()),
  '-': () => zoom(1 / 0.7, middle()),
  a: () => move(-0.15),
  ArrowLeft: () => move(-0.15),
  d: () => move(0.15),
  ArrowRight: () => move(0.15),
  ArrowUp: () => scrollRows(-rowHeight * 2),
  ArrowDown: () => scrollRows(rowHeight * 2),
  f: () => look(current.begin, current.end),
  r: () => toggleArrows(),
  n: () => nextBlocked(),
  '/': () => find('words').focus(),
  Escape: () => choose(-1),
};
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const target = event.target;
  if (target === find('words')) {
    if (event.key === 'Escape') {
      find('words').value = '';
      search();
      canvas.focus();
    }
    return;
  }
  // The keys of lists and buttons are the browser's.
  if (target.tagName === 'SELECT' || (target.tagName === 'BUTTON' && event.key.startsWith('Arrow'))) return;
  const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (act === undefined) return;
  event.preventDefault();
  act();
});

let lastBlocked = -1;
function nextBlocked() {
  if (data.blocked.length === 0) return;
  lastBlocked = (lastBlocked + 1) % data.blocked.length;
  showBlocked(lastBlocked);
}

function showBlocked(index) {
  lastBlocked = index;
  const { loop, bar } = data.blocked[index];
  if (loops[loop] !== current) switchTo(loop);
  show(bar);
}

// ---- searching ------------------------------------------------------------------------------------------------------

let matches = [];
let match = -1;
function search() {
  const words = find('words').value.trim().toLowerCase();
  for (const bars of loops) bars.found = undefined;
  matches = [];
  match = -1;
  if (words === '') {
    find('found').textContent = '';
    draw();
    return;
  }
  const places = new Set();
  data.places.forEach(([what, file, line], number) => {
    if (`${what} ${file}:${line}`.toLowerCase().includes(words)) places.add(number);
  });
  current.found = new Set();
  for (let bar = 0; bar < current.count; bar += 1) {
    if (current.kind[bar] === kinds.turn || !places.has(current.place[bar])) continue;
    current.found.add(bar);
    matches.push(bar);
  }
  find('found').textContent = `${matches.length} ${matches.length === 1 ? 'bar' : 'bars'}`;
  draw();
}
find('words').addEventListener('input', search);
find('find').addEventListener('submit', (event) => {
  event.preventDefault();
  if (matches.length === 0) return;
  match = (match + 1) % matches.length;
  find('found').textContent = `${match + 1} of ${matches.length}`;
  show(matches[match]);
});

// ---- the rest of the page -------------------------------------------------------------------------------------------

function toggleArrows() {
  shownArrows = !shownArrows;
  find('arrows').setAttribute('aria-pressed', String(shownArrows));
  draw();
}

function switchTo(number) {
  current = loops[number];
  find('loops').value = String(number);
  hovered = -1;
  choose(-1);
  search();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  readColors();
  draw();
}

function fillLists() {
  const blocked = find('blocked');
  data.blocked.forEach((each, index) => {
    const button = element('button');
    button.type = 'button';
    const head = element('div');
    head.append(element('b', duration(each.ms)), ` ${placeText(each.place)}`);
    button.append(head);
    const hottest = each.hottest;
    if (hottest !== null && hottest !== each.place) {
      const [seen, of] = each.looks;
      button.append(element('div', `at ${placeText(hottest)}${of > 1 ? `, in ${seen} of ${of} looks` : ''}`));
    }
    button.append(element('div', each.advice));
    const source = sourceOf(hottest ?? each.place, 0);
    if (source !== undefined) button.append(source);
    button.addEventListener('click', () => showBlocked(index));
    const item = element('li');
    item.append(button);
    blocked.append(item);
  });
  if (data.blocked.length === 0) blocked.append(element('li', 'Nothing kept the loop for long.', 'quiet'));
  for (const warning of data.warnings) find('warnings').append(element('li', warning));
  if (data.warnings.length === 0) find('warnings').append(element('li', 'None.', 'quiet'));
  const { spanMs, busyMs, turns, entries, bars } = data.summary;
  const share = spanMs > 0 ? Math.min(100, (busyMs / spanMs) * 100) : 0;
  const longest = data.blocked.length > 0 ? `, longest block ${duration(data.blocked[0].ms)}` : '';
  find('summary').textContent =
    `${duration(spanMs)}, busy ${duration(busyMs)} (${share.toFixed(share < 10 ? 1 : 0)} %), ${turns} turns, ${entries} callbacks, ${bars} bars${longest}`;
  const select = find('loops');
  loops.forEach((bars, number) => {
    const option = element('option', bars.title);
    option.value = String(number);
    select.append(option);
  });
  select.hidden = loops.length < 2;
  select.addEventListener('change', () => switchTo(Number(select.value)));
}

find('fit').addEventListener('click', () => keys.f());
find('arrows').addEventListener('click', toggleArrows);
find('theme').addEventListener('click', () => setTheme(document.documentElement.dataset.theme === 'dark' ? 'light' : 'dark'));
window.addEventListener('resize', draw);
fillLists();
setTheme(window.matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');
if (current === undefined) find('summary').textContent = 'No event loop of Twinloop ran in this program.';
// For tests, and for who looks at the page by its console.
window.twinloopTrace = { data, loops, show, search, drawTimeline };
