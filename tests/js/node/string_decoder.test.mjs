// StringDecoder: every way to cut text into chunks gives the same text.
import { StringDecoder } from 'node:string_decoder';
import { test, run, equal, throws } from '../harness.mjs';

const samples = {
  utf8: ['aé€😀z', 'ünï', '\u{10ffff}\u{800}'],
  utf16le: ['aé€😀z', '😀😀'],
  latin1: ['aéz'],
  hex: ['abcd'],
  base64: ['aé€😀z', 'abcd'],
  base64url: ['aé€😀z~~~'],
};

test('text is the same however its bytes are cut', () => {
  for (const [encoding, texts] of Object.entries(samples)) {
    for (const sample of texts) {
      const bytes = Buffer.from(sample, encoding === 'hex' ? 'hex' : encoding.startsWith('base64') ? 'utf8' : encoding);
      const whole = bytes.toString(encoding);
      for (let size = 1; size <= bytes.length; size += 1) {
        const decoder = new StringDecoder(encoding);
        let text = '';
        for (let at = 0; at < bytes.length; at += size) text += decoder.write(bytes.subarray(at, at + size));
        equal(text + decoder.end(), whole, `${encoding} by ${size}`);
      }
    }
  }
});

test('what is cut for good becomes the replacement character', () => {
  const decoder = new StringDecoder();
  equal(decoder.write(Buffer.from([0xe2, 0x82])), '');
  equal(decoder.end(), '\ufffd');
  equal(decoder.write(Buffer.from([0xff, 0x41])), '\ufffdA');
  equal(decoder.write(Buffer.from([0xe2])) + decoder.write(Buffer.from([0x41])), '\ufffdA');
  equal(decoder.lastNeed, 0);
});

test('arguments are checked', () => {
  throws(() => new StringDecoder('nothing'), TypeError, 'Unknown encoding: nothing');
  throws(() => new StringDecoder().write(1), TypeError);
});

test('a byte that begins like one of four waits for the next', () => {
  const decoder = new StringDecoder('utf8');
  equal(decoder.write(Buffer.from('f69b', 'hex')), '');
  equal(decoder.write(Buffer.from('d1', 'hex')), '\ufffd\ufffd');
  equal(decoder.end(), '\ufffd');
});

await run();
