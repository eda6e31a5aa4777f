// Where the events of a process go: through the reporters that the command line names to their destinations, or to the runner of files that
// started this process (https://nodejs.org/api/test.html#test-reporters).
'use strict';

const { invalidType } = require('node/errors');
const { process } = require('node/process/process');
const { writeEvent } = require('node/test/wire');
const reporters = /** @type {any} */ (require('node/test/reporters/module'));
const Stream = /** @type {any} */ (require('node/stream/module'));
const { includes, isPrototypeOf, push, regExp, test, withResolvers } = require('builtins/primordials');
const loadFiles = () => /** @type {any} */ (require('node/fs/fs'));

const known = ['spec', 'tap', 'dot', 'junit', 'lcov'];
const isPath = regExp(/^(?:\.{0,2}\/|file:)/);

/** @param {string} name @returns {Promise<any>} */
async function reporterOf(name) {
  if (includes(known, name)) return reporters[name];
  // Relative to the folder in which the command runs.
  const specifier = test(isPath, name) || !loadFiles().existsSync(name) ? name : `./${name}`;
  const { default: reporter } = await import(specifier);
  if (typeof reporter === 'function' && isPrototypeOf(Stream.prototype, reporter.prototype)) return new reporter();
  return reporter;
}

/** @param {string} name */
function destinationOf(name) {
  if (name === 'stdout') return process.stdout;
  if (name === 'stderr') return process.stderr;
  return loadFiles().createWriteStream(name);
}

/** Writes what a reporter makes of the events. @param {any} source @param {any} reporter @param {any} destination */
async function writeTo(source, reporter, destination) {
  const { promise, resolve, reject } = withResolvers();
  const isStandard = destination === process.stdout || destination === process.stderr;
  const output =
    typeof reporter === 'function' ? Stream.Readable.from(iterated(reporter, source), { objectMode: true }) : source.pipe(reporter);
  output.on('data', (/** @type {any} */ chunk) => {
    if (!destination.write(chunk) && !isStandard) {
      output.pause();
      destination.once('drain', () => output.resume());
    }
  });
  output.on('error', reject);
  output.on('end', () => (isStandard ? resolve(undefined) : destination.end(resolve)));
  await promise;
}

/** What a function makes: an iterable, or a stream to write the events to. @param {any} reporter @param {any} source */
function iterated(reporter, source) {
  const made = reporter(source);
  return typeof made?.pipe === 'function' && typeof made.write === 'function' ? source.pipe(made) : made;
}

/** @param {any} stream @param {{ isChild: boolean, reporters: string[], destinations: string[] }} settings @returns {Promise<void>} */
async function report(stream, settings) {
  if (settings.isChild) {
    stream.tell = (/** @type {string} */ type, /** @type {any} */ data) => {
      stream.emit(type, data);
      writeEvent(type, data);
    };
    return;
  }
  /** @type {Promise<void>[]} */
  const written = [];
  for (let index = 0; index < settings.reporters.length; index += 1) {
    const reporter = await reporterOf(settings.reporters[index]);
    if (typeof reporter !== 'function' && typeof reporter?.pipe !== 'function') {
      throw invalidType('Reporter', ['function', 'stream.Transform'], reporter);
    }
    const source = new Stream.PassThrough({ objectMode: true });
    stream.pipe(source);
    push(written, writeTo(source, reporter, destinationOf(settings.destinations[index])));
  }
  for (let index = 0; index < written.length; index += 1) await written[index];
}

module.exports = { report };
