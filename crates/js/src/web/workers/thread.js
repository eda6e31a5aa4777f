// A thread as its parent sees it, for `Worker` of the web and of `node:worker_threads`: a port for the program's messages, one for those of
// the built-in files on either side, and one that closes when the thread is over.
'use strict';

const { readMessage, writeMessage } = require('web/html/message');
const { listen } = require('web/messaging/port');
const { channelPorts, portClose, portPost, portReference, threadOutcome, threadStart, threadTerminate } = ops;
const { threadTimes } = ops;

/**
 * @typedef {object} ThreadOptions
 * @property {string} boot the built-in file that stands for the parent inside: it exports `start` and `ready`
 * @property {any} setup what that file is told
 * @property {any[] | undefined} transfer
 * @property {string} name
 * @property {number} heapBytes 0 for no limit
 * @property {number} stackBytes
 * @property {string[]} [permissions] options of the command with their values, in turn; without them, what this thread may do
 * @property {(message: NativeMessage) => void} message a message of the program
 * @property {(value: any) => void} control a message of the file
 * @property {(code: number, reason: number, text: string) => void} ended
 */

/** What the system gives a thread for its stack, as Node has it. */
const defaultStackBytes = 4 << 20;

class Thread {
  #native;
  #messages;
  #control;
  #life;
  #isOver = false;

  /** @param {ThreadOptions} options */
  constructor(options) {
    const setup = writeMessage(options.setup, options.transfer);
    const messages = channelPorts();
    const control = channelPorts();
    const life = channelPorts();
    const started = threadStart(
      options.boot,
      setup,
      [messages[1], control[1], life[1]],
      options.name,
      options.heapBytes,
      options.stackBytes,
      options.permissions,
    );
    this.#native = started[0];
    this.id = started[1];
    this.#messages = messages[0];
    this.#control = control[0];
    this.#life = life[0];
    const nothing = () => {};
    listen(messages[0], { receive: options.message, ended: nothing });
    listen(control[0], { receive: (message) => options.control(readMessage(message).value), ended: nothing });
    listen(life[0], {
      receive: nothing,
      ended: () => {
        this.#isOver = true;
        portClose(messages[0]);
        portClose(control[0]);
        const outcome = threadOutcome(started[0]);
        options.ended(outcome[0], outcome[1], outcome[2]);
      },
    });
    this.reference(true);
  }

  /** @param {NativeMessage} message */
  post(message) {
    portPost(this.#messages, message);
  }

  /** @param {any} value @param {any[]} [transfer] */
  tell(value, transfer = undefined) {
    portPost(this.#control, writeMessage(value, transfer));
  }

  /** Whether the program waits for its end. @param {boolean} on */
  reference(on) {
    if (!this.#isOver) portReference(this.#life, on);
  }

  /** Its messages are for nobody any more. */
  deafen() {
    portClose(this.#messages);
  }

  times() {
    return threadTimes(this.#native);
  }

  terminate() {
    threadTerminate(this.#native);
  }
}

module.exports = { defaultStackBytes, Thread };
