// What the command starts for its prompt.
'use strict';

const command = require('node/repl/command');
const repl = require('node/repl/module');

module.exports = { main: () => command.main(repl) };
