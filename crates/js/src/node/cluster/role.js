// Whether this process is a worker of a cluster: what listens asks here, and loads nothing of `node:cluster` if it is none.
'use strict';

/** What a worker asks its primary for, once `node/cluster/child` has set it up. @type {{ worker: any }} */
const role = { worker: undefined };

module.exports = role;
