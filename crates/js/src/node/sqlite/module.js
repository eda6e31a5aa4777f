// `node:sqlite` (https://nodejs.org/api/sqlite.html).
'use strict';

const { backup, constants, DatabaseSync } = require('node/sqlite/database');
const { Session } = require('node/sqlite/session');
const { StatementSync } = require('node/sqlite/statement');

// Both classes had other names.
module.exports = { backup, constants, Database: DatabaseSync, DatabaseSync, Session, Statement: StatementSync, StatementSync };
