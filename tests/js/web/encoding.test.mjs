// TextEncoder, TextDecoder, atob and btoa.
import { test, run, equal, deepEqual, throws } from '../harness.mjs';

const bytes = (...values) => new Uint8Array(values);

test('encode writes UTF-8 and replaces lone surrogates', () => {
  const encoder = new TextEncoder();
  equal(encoder.encoding, 'utf-8');
  deepEqual(encoder.encode('aé€😀'), bytes(0x61, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80));
  deepEqual(encoder.encode('\ud83d'), bytes(0xef, 0xbf, 0xbd));
  deepEqual(encoder.encode(), bytes());
  deepEqual(encoder.encode(undefined), bytes());
  deepEqual(encoder.encode('\xff'), bytes(0xc3, 0xbf));
  deepEqual(encoder.encode(12), bytes(0x31, 0x32));
});

test('encodeInto stops at whole characters', () => {
  const encoder = new TextEncoder();
  const target = new Uint8Array(5);
  deepEqual(encoder.encodeInto('a€€', target), { read: 2, written: 4 });
  deepEqual(target, bytes(0x61, 0xe2, 0x82, 0xac, 0));
  deepEqual(encoder.encodeInto('😀', new Uint8Array(3)), { read: 0, written: 0 });
  deepEqual(encoder.encodeInto('😀', new Uint8Array(4)), { read: 2, written: 4 });
  deepEqual(encoder.encodeInto('éé', new Uint8Array(3)), { read: 1, written: 2 });
  deepEqual(encoder.encodeInto('abc', new Uint8Array(2)), { read: 2, written: 2 });
  deepEqual(encoder.encodeInto('\ud800x', new Uint8Array(8)), { read: 2, written: 4 });
  throws(() => encoder.encodeInto('a', []), TypeError);
});

test('decode replaces what is no UTF-8, and takes the BOM away', () => {
  const decoder = new TextDecoder();
  equal(decoder.decode(bytes(0xef, 0xbb, 0xbf, 0x61)), 'a');
  equal(new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes(0xef, 0xbb, 0xbf, 0x61)), '\ufeffa');
  equal(decoder.decode(bytes(0xff, 0x61)), '\ufffda');
  equal(decoder.decode(bytes(0xf0, 0x9f, 0x98)), '\ufffd');
  equal(decoder.decode(bytes(0xf0, 0x9f, 0x98, 0x80)), '😀');
  equal(decoder.decode(bytes(0xed, 0xa0, 0x80)), '\ufffd\ufffd\ufffd');
  equal(decoder.decode(), '');
  equal(decoder.decode(new Uint16Array([0x6261]).buffer), 'ab');
  equal(decoder.decode(new DataView(bytes(1, 0x61, 2).buffer, 1, 1)), 'a');
  throws(() => decoder.decode('x'), TypeError);
});

test('fatal throws a TypeError', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  throws(() => decoder.decode(bytes(0xff)), { name: 'TypeError', code: 'ERR_ENCODING_INVALID_ENCODED_DATA' });
  throws(() => decoder.decode(bytes(0xe2, 0x82)), TypeError);
  equal(decoder.decode(bytes(0x61)), 'a');
});

test('a stream keeps unfinished characters', () => {
  const decoder = new TextDecoder();
  const all = new TextEncoder().encode('x€😀y');
  let text = '';
  for (const byte of all) text += decoder.decode(bytes(byte), { stream: true });
  text += decoder.decode();
  equal(text, 'x€😀y');
  equal(decoder.decode(bytes(0xe2), { stream: true }), '');
  equal(decoder.decode(), '\ufffd');
  equal(decoder.decode(bytes(0x61)), 'a');
});

test('a fatal stream can be used again after its error', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  equal(decoder.decode(bytes(0xe2), { stream: true }), '');
  throws(() => decoder.decode(bytes(0x61), { stream: true }), TypeError);
  equal(decoder.decode(bytes(0x61)), 'a');
});

test('the BOM of a stream is taken once', () => {
  const decoder = new TextDecoder();
  equal(decoder.decode(bytes(0xef, 0xbb), { stream: true }), '');
  equal(decoder.decode(bytes(0xbf, 0x61), { stream: true }), 'a');
  equal(decoder.decode(bytes(0xef, 0xbb, 0xbf)), '\ufeff');
});

test('labels name encodings', () => {
  for (const [label, encoding] of [
    ['UTF8', 'utf-8'],
    [' utf-8\n', 'utf-8'],
    ['ascii', 'windows-1252'],
    ['latin1', 'windows-1252'],
    ['shift_jis', 'shift_jis'],
    ['utf-16', 'utf-16le'],
    ['koi8-r', 'koi8-r'],
    ['gbk', 'gbk'],
  ]) {
    equal(new TextDecoder(label).encoding, encoding);
  }
  throws(() => new TextDecoder('klingon'), RangeError);
  throws(() => new TextDecoder('replacement'), RangeError);
});

test('other encodings decode', () => {
  equal(new TextDecoder('windows-1252').decode(bytes(0x80, 0xe9)), '€é');
  equal(new TextDecoder('utf-16le').decode(bytes(0x3d, 0xd8, 0x00, 0xde)), '😀');
  equal(new TextDecoder('utf-16be').decode(bytes(0x00, 0x61)), 'a');
  equal(new TextDecoder('shift_jis').decode(bytes(0x93, 0xfa, 0x96, 0x7b)), '日本');
  const decoder = new TextDecoder('shift_jis');
  equal(decoder.decode(bytes(0x93), { stream: true }), '');
  equal(decoder.decode(bytes(0xfa), { stream: true }), '日');
});

test('btoa and atob', () => {
  equal(btoa(''), '');
  equal(btoa('hi\xff'), 'aGn/');
  equal(atob('aGn/'), 'hi\xff');
  equal(atob(' a G\tk=\n'), 'hi');
  equal(atob('aGk'), 'hi');
  equal(atob('ab'), 'i');
  equal(atob(''), '');
  equal(btoa(null), 'bnVsbA==');
  for (const bad of ['a', 'abcde', 'a=', 'ab=', 'aGk==', 'a-b_', '=', 'é', '€', 'ab==c']) {
    throws(() => atob(bad), { name: 'InvalidCharacterError', code: 5 });
  }
  throws(() => btoa('€'), { name: 'InvalidCharacterError' });
  throws(() => btoa(), TypeError);
});

test('a megabyte round trips', () => {
  const text = 'añ€😀'.repeat(100_000);
  equal(new TextDecoder().decode(new TextEncoder().encode(text)), text);
  const binary = '\x00\x7f\xff'.repeat(100_000);
  equal(atob(btoa(binary)), binary);
});

test('text of every width is decoded, and what is invalid replaced or refused', () => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const fatal = new TextDecoder('utf-8', { fatal: true });
  for (const text of ['', 'plain', 'é'.repeat(300), 'é漢😀'.repeat(200), `${'a'.repeat(1000)}漢`, '\u0000\u00ff']) {
    equal(decoder.decode(encoder.encode(text)), text);
    equal(fatal.decode(encoder.encode(text)), text);
  }
  equal(decoder.decode(new Uint8Array([0x61, 0xff, 0xe2, 0x82, 0x62])), 'a\ufffd\ufffdb');
  equal(decoder.decode(new Uint8Array([0xed, 0xa0, 0x80])), '\ufffd\ufffd\ufffd');
  throws(() => fatal.decode(new Uint8Array([0xe2, 0x82])), TypeError);
});

test('encodeInto says what it read, whether it all fits or not', () => {
  const encoder = new TextEncoder();
  deepEqual(encoder.encodeInto('aé', new Uint8Array(100)), { read: 2, written: 3 });
  deepEqual(encoder.encodeInto('aé', new Uint8Array(2)), { read: 1, written: 1 });
  deepEqual(encoder.encodeInto('漢字', new Uint8Array(4)), { read: 1, written: 3 });
  deepEqual(encoder.encodeInto('', new Uint8Array(0)), { read: 0, written: 0 });
});

test('memory that threads share is read and written', () => {
  const shared = new SharedArrayBuffer(8);
  const view = new Uint8Array(shared, 0, 2);
  deepEqual(new TextEncoder().encodeInto('hi!', view), { read: 2, written: 2 });
  equal(new TextDecoder().decode(view), 'hi');
  equal(new TextDecoder().decode(shared), 'hi\0\0\0\0\0\0');
  equal(Atomics.wait(new Int32Array(shared), 1, 0, 1), 'timed-out');
});

// By the letter of the standard, a character at a time: what the wide registers must agree with wherever in a block a character stands.
function slowlyEncoded(text) {
  const list = [];
  for (const character of text) {
    const point = character.codePointAt(0);
    const scalar = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (scalar < 0x80) list.push(scalar);
    else if (scalar < 0x800) list.push(0xc0 | (scalar >> 6), 0x80 | (scalar & 63));
    else if (scalar < 0x10000) list.push(0xe0 | (scalar >> 12), 0x80 | ((scalar >> 6) & 63), 0x80 | (scalar & 63));
    else list.push(0xf0 | (scalar >> 18), 0x80 | ((scalar >> 12) & 63), 0x80 | ((scalar >> 6) & 63), 0x80 | (scalar & 63));
  }
  return new Uint8Array(list);
}

test('a character of any width, or half of one, may stand anywhere in a text of any length', () => {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  const strict = new TextDecoder('utf-8', { fatal: true });
  for (const character of ['x', 'é', '漢', '😀', '\ud83d', '\ude00', '\ude00\ud83d']) {
    for (let length = 0; length < 140; length += 7) {
      for (let at = 0; at <= length; at += 3) {
        const text = 'a'.repeat(at) + character + 'ÿ'.repeat(length & 1) + 'b'.repeat(length - at);
        const encoded = slowlyEncoded(text);
        deepEqual(encoder.encode(text), encoded);
        equal(decoder.decode(encoded), text.toWellFormed());
        equal(strict.decode(encoded), text.toWellFormed());
        // Exactly the room it takes, and what lies behind stays.
        const room = new Uint8Array(encoded.length + 9).fill(7);
        deepEqual(encoder.encodeInto(text, room.subarray(0, encoded.length)), { read: text.length, written: encoded.length });
        deepEqual(room.subarray(0, encoded.length), encoded);
        deepEqual(room.subarray(encoded.length), new Uint8Array(9).fill(7));
      }
    }
  }
});

test('a byte that is no UTF-8 is found anywhere, and nothing but it is replaced', () => {
  const decoder = new TextDecoder();
  const strict = new TextDecoder('utf-8', { fatal: true });
  for (const word of ['abcdefg', 'größe', '漢字かな', '😀😁']) {
    const piece = slowlyEncoded(word);
    for (let count = 0; count < 24; count += 1) {
      const before = word.repeat(count);
      for (const broken of [[0xff], [0xc3], [0xe6, 0xbc], [0xf0, 0x9f, 0x98], [0x80], [0xed, 0xa0, 0x80], [0xc0, 0x80]]) {
        const source = new Uint8Array(piece.length * (count + 3) + broken.length);
        for (let i = 0; i < count; i += 1) source.set(piece, i * piece.length);
        source.set(broken, count * piece.length);
        for (let i = 0; i < 3; i += 1) source.set(piece, count * piece.length + broken.length + i * piece.length);
        const text = decoder.decode(source);
        equal(text.startsWith(`${before}\ufffd`), true);
        equal(text.endsWith(`\ufffd${word.repeat(3)}`), true);
        throws(() => strict.decode(source), TypeError);
      }
    }
  }
});

test('base64 of any length goes out and comes back, with spaces and without padding', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  for (let length = 0; length < 200; length += 1) {
    let text = '';
    for (let i = 0; i < length; i += 1) text += String.fromCharCode((i * 73 + length * 31) & 255);
    let expected = '';
    for (let i = 0; i < length; i += 3) {
      const bits = (text.charCodeAt(i) << 16) | ((text.charCodeAt(i + 1) || 0) << 8) | (text.charCodeAt(i + 2) || 0);
      for (let digit = 0; digit < 4; digit += 1) expected += i + digit > length ? '=' : alphabet[(bits >> (18 - digit * 6)) & 63];
    }
    equal(btoa(text), expected);
    equal(atob(expected), text);
    equal(atob(expected.replaceAll('=', '')), text);
    equal(atob(` \t\n\f\r${expected.slice(0, 5)} ${expected.slice(5)}\n`), text);
    if (length > 0) {
      for (const wrong of ['-', '_', 'é', '漢', '\v', '\u00a0', '=a', 'A==='])
        throws(() => atob(expected.slice(0, length) + wrong + expected.slice(length)), { name: 'InvalidCharacterError' });
    }
  }
});

await run();
