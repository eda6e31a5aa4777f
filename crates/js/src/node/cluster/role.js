// Whether this process is a worker of a cluster: what listens asks here, and loads nothing of `node:cluster` if it is none.
'use strict';

/** `node:cluster` of a worker, once `node/cluster/child` has set it up; its `_getServer` asks the primary. @type {{ worker: any }} */
const role = { worker: undefined };

module.exports = role;
