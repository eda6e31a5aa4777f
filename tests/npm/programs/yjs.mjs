import * as Y from 'yjs';
import * as awareness from 'y-protocols/awareness';
import * as encoding from 'lib0/encoding';
const a = new Y.Doc(),
  b = new Y.Doc();
a.on('update', (u) => Y.applyUpdate(b, u));
a.getText('t').insert(0, 'hello');
a.getMap('m').set('k', [1, { x: 2 }]);
b.getText('t').insert(5, '!');
Y.applyUpdate(a, Y.encodeStateAsUpdate(b));
console.log(a.getText('t').toString(), b.toJSON());
const w = new awareness.Awareness(a);
w.setLocalState({ n: 1 });
console.log(w.getLocalState());
w.destroy();
const e = encoding.createEncoder();
encoding.writeVarString(e, 'x');
console.log(encoding.toUint8Array(e));
