import { Encoder, Decoder } from 'socket.io-parser';
import * as eio from 'engine.io-parser';
const e = new Encoder(),
  d = new Decoder();
d.on('decoded', (p) => console.log(p));
for (const x of e.encode({ type: 2, nsp: '/', data: ['a', { b: 1 }] })) d.add(x);
eio.encodePacket({ type: 'message', data: 'x' }, true, console.log);
