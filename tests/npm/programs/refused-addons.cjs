// Native addons are for Node alone: a package that needs one fails with an error that says so.
const { readdirSync } = require('fs');
const { join } = require('path');
const folder = join(__dirname, '../node_modules/@img/sharp-linux-x64/lib');
const file = readdirSync(folder).find((name) => name.endsWith('.node'));
for (const name of ['sharp', join(folder, file)]) {
  try {
    require(name);
    console.log('loaded');
  } catch (error) {
    console.log(error.constructor.name, error.code, error.message.split('\n')[0].replace(folder, ''));
  }
}
