// tsx compiles TypeScript with JSX and legacy decorators when it is required.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tsx-'));
fs.symlinkSync(path.join(__dirname, '..', 'node_modules'), path.join(folder, 'node_modules'));
fs.writeFileSync(path.join(folder, 'tsconfig.json'), '{ "compilerOptions": { "jsx": "react-jsx", "experimentalDecorators": true } }');
fs.writeFileSync(
  path.join(folder, 'view.tsx'),
  `import { renderToStaticMarkup } from 'react-dom/server';
import 'reflect-metadata';
enum Kind { One = 1, Two }
const routes = (path: string) => (target: object, key: string) => Reflect.defineMetadata('path', path, target, key);
class Controller {
  constructor(private readonly kind: Kind) {}
  @routes('/list') list(): string { return renderToStaticMarkup(<b title={Kind[this.kind]}>{this.kind}</b>); }
}
export const controller = new Controller(Kind.Two);
export const path: string = Reflect.getMetadata('path', controller, 'list');
`,
);
process.env.TSX_TSCONFIG_PATH = path.join(folder, 'tsconfig.json');
require('tsx/cjs');
const { controller, path: route } = require(path.join(folder, 'view.tsx'));
console.log(controller.list(), route);
fs.rmSync(folder, { recursive: true });
