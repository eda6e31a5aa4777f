// The text of an event stream (https://html.spec.whatwg.org/#event-stream-interpretation), line by line, in whatever pieces it comes.
'use strict';

const { charCodeAt, regExp, slice, stringIncludes, stringIndexOf, test } = require('builtins/primordials');

const digits = regExp(/^[0-9]+$/);
const LF = 10;
const CR = 13;

class EventStreamParser {
  /** The last id, which also goes to the server when the connection is made again. */
  lastEventId = '';
  #id;
  // A line that is not at its end yet.
  #rest = '';
  // Whether the piece before ended with CR: an LF that follows belongs to it.
  #afterReturn = false;
  #data = '';
  #hasData = false;
  #type = '';
  #onEvent;
  #onRetry;

  /** @param {string} lastEventId @param {(type: string, data: string) => void} onEvent @param {(milliseconds: number) => void} onRetry */
  constructor(lastEventId, onEvent, onRetry) {
    this.lastEventId = lastEventId;
    this.#id = lastEventId;
    this.#onEvent = onEvent;
    this.#onRetry = onRetry;
  }

  /** @param {string} text */
  push(text) {
    let start = 0;
    if (this.#afterReturn && text.length > 0) {
      if (charCodeAt(text, 0) === LF) start = 1;
      this.#afterReturn = false;
    }
    for (let i = start; i < text.length; i += 1) {
      const unit = charCodeAt(text, i);
      if (unit !== LF && unit !== CR) continue;
      const line = this.#rest + slice(text, start, i);
      this.#rest = '';
      if (unit === CR) {
        if (i + 1 === text.length) this.#afterReturn = true;
        else if (charCodeAt(text, i + 1) === LF) i += 1;
      }
      start = i + 1;
      this.#line(line);
    }
    this.#rest += slice(text, start);
  }

  /** @param {string} line */
  #line(line) {
    if (line === '') {
      this.#dispatch();
      return;
    }
    const colon = stringIndexOf(line, ':');
    if (colon === 0) return;
    const name = colon < 0 ? line : slice(line, 0, colon);
    let value = colon < 0 ? '' : slice(line, colon + 1);
    if (value !== '' && charCodeAt(value, 0) === 32) value = slice(value, 1);
    if (name === 'event') this.#type = value;
    else if (name === 'data') {
      this.#data = this.#hasData ? `${this.#data}\n${value}` : value;
      this.#hasData = true;
    } else if (name === 'id') {
      if (!stringIncludes(value, '\0')) this.#id = value;
    } else if (name === 'retry') {
      if (test(digits, value)) this.#onRetry(+value);
    }
  }

  #dispatch() {
    this.lastEventId = this.#id;
    const data = this.#data;
    const type = this.#type;
    const hasData = this.#hasData;
    this.#data = '';
    this.#type = '';
    this.#hasData = false;
    if (hasData) this.#onEvent(type === '' ? 'message' : type, data);
  }
}

module.exports = { EventStreamParser };
