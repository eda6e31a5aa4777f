import { SourceMapConsumer, SourceMapGenerator } from 'source-map';
const g = new SourceMapGenerator({ file: 'b.js' });
g.addMapping({ generated: { line: 1, column: 3 }, source: 'a.js', original: { line: 7, column: 2 } });
await SourceMapConsumer.with(g.toString(), null, (c) => console.log(c.originalPositionFor({ line: 1, column: 3 })));
