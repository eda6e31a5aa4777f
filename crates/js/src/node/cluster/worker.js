// `cluster.Worker` (https://nodejs.org/api/cluster.html#class-worker): what both sides know of a worker; each adds its own way to end it.
'use strict';

const { apply, construct, setPrototypeOf } = require('builtins/primordials');
const { addMethods } = require('node/prototypes');
const EventEmitter = /** @type {any} */ (require('node/events/events'));

/**
 * Callable without `new`, as Node's.
 * @this {any} @param {any} [given]
 */
function Worker(given) {
  if (!(this instanceof /** @type {any} */ (Worker))) return construct(/** @type {any} */ (Worker), [given]);
  apply(EventEmitter, this, []);
  const options = given !== null && typeof given === 'object' ? given : {};
  this.exitedAfterDisconnect = undefined;
  this.state = options.state || 'none';
  this.id = options.id | 0;
  if (!options.process) return;
  this.process = options.process;
  this.process.on('error', (/** @type {any} */ code, /** @type {any} */ signal) => this.emit('error', code, signal));
  this.process.on('message', (/** @type {any} */ message, /** @type {any} */ handle) => this.emit('message', message, handle));
}
setPrototypeOf(Worker.prototype, EventEmitter.prototype);
setPrototypeOf(Worker, EventEmitter);

/** @type {Record<string, any>} */
const methods = {
  /** @this {any} @param {...any} given */
  kill(...given) {
    apply(this.destroy, this, given);
  },
  /** @this {any} @param {...any} given */
  send(...given) {
    return apply(this.process.send, this.process, given);
  },
  /** @this {any} */
  isDead() {
    const { exitCode, signalCode } = this.process;
    return (exitCode !== null && exitCode !== undefined) || (signalCode !== null && signalCode !== undefined);
  },
  /** @this {any} */
  isConnected() {
    return this.process.connected;
  },
};
addMethods(Worker.prototype, methods);

module.exports = { Worker };
