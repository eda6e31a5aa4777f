// `node:cluster` (https://nodejs.org/api/cluster.html): what it is depends on whether this process was started by another one's.
'use strict';

const role = require('node/cluster/role');
const loadChild = () => /** @type {any} */ (require('node/cluster/child'));
const loadPrimary = () => require('node/cluster/primary');

module.exports = role.worker === undefined ? loadPrimary().cluster : loadChild().cluster;
