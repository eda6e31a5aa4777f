// `node:domain`: what belongs to a domain, and who hears of its errors. Each case is a program of its own, as errors end programs.
import { spawnSync } from 'node:child_process';
import { equal, run, test } from '../harness.mjs';

/** What a program prints in which `d` is a domain that says the messages of its errors. */
function prints(code) {
  const head = `const domain = require('domain'); const EventEmitter = require('events');
    const d = domain.create(); d.on('error', (error) => console.log('heard', error.message));`;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['-e', head + code], { encoding: 'utf8' });
  return status === 0 ? stdout : `${stdout}${status} ${stderr}`;
}

test('errors of ticks, timers, immediates, promises and files that were asked for inside come to the domain', () => {
  const fail = (name) => `() => { throw new Error('${name}'); }`;
  equal(prints(`d.run(() => process.nextTick(${fail('tick')}))`), 'heard tick\n');
  equal(prints(`d.run(() => setTimeout(${fail('timer')}))`), 'heard timer\n');
  equal(prints(`d.run(() => setImmediate(${fail('immediate')}))`), 'heard immediate\n');
  equal(prints(`d.run(() => Promise.resolve().then(() => process.nextTick(${fail('later')})))`), 'heard later\n');
  equal(prints(`d.run(() => require('fs').stat('.', ${fail('file')}))`), 'heard file\n');
});

test('emitters that are made inside belong to it, and so does what they call', () => {
  equal(prints(`d.run(() => new EventEmitter()).emit('error', new Error('alone'))`), 'heard alone\n');
  equal(prints(`const e = d.run(() => new EventEmitter()); e.on('x', () => console.log(process.domain === d)); e.emit('x')`), 'true\n');
  equal(
    prints(
      `const e = new EventEmitter(); d.add(e); d.remove(e); try { e.emit('error', new Error('mine')) } catch { console.log('thrown') }`,
    ),
    'thrown\n',
  );
});

test('a domain around another hears of what its listener throws', () => {
  const code = `const inner = domain.create(); inner.on('error', () => { throw new Error('from the listener'); });
    d.run(() => inner.run(() => { throw new Error('first'); }));`;
  equal(prints(code), 'heard from the listener\n');
});

test('process.domain is the active one, and nothing outside', () => {
  equal(
    prints(`console.log(process.domain); d.run(() => console.log(process.domain === d)); console.log(process.domain)`),
    'null\ntrue\nundefined\n',
  );
});

test('a callback for all uncaught errors and domains exclude each other', () => {
  equal(
    prints('try { process.setUncaughtExceptionCaptureCallback(() => {}) } catch (e) { console.log(e.code) }'),
    'ERR_DOMAIN_CANNOT_SET_UNCAUGHT_EXCEPTION_CAPTURE\n',
  );
});

await run();
