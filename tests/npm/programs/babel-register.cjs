// A file that Babel compiles when it is required: JSX and modules become what CommonJS can run.
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'babel-register-'));
fs.symlinkSync(path.join(__dirname, '..', 'node_modules'), path.join(folder, 'node_modules'));
fs.writeFileSync(
  path.join(folder, 'view.jsx'),
  `import { renderToStaticMarkup } from 'react-dom/server';
const Item = ({ name }) => <li className="item">{name}</li>;
export const view = (names) => renderToStaticMarkup(<ul>{names.map((name) => <Item key={name} name={name} />)}</ul>);
export function fail() { throw new RangeError('in JSX'); }
`,
);
require('@babel/register')({
  cache: false,
  extensions: ['.jsx'],
  ignore: [/node_modules/],
  only: [folder],
  presets: [
    [require.resolve('@babel/preset-env'), { targets: { node: 'current' } }],
    [require.resolve('@babel/preset-react'), { runtime: 'automatic' }],
  ],
});
const { fail, view } = require(path.join(folder, 'view'));
console.log(view(['one', 'two']));
try {
  fail();
} catch (error) {
  console.log(error.name, error.message, /view\.jsx:4:\d+/.test(error.stack));
}
console.log(Object.keys(require.extensions).includes('.jsx'), require.cache[path.join(folder, 'view.jsx')].exports.view === view);
fs.rmSync(folder, { recursive: true });
