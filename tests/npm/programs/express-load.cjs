const express = require('express');
const app = express();
app.get('/a', (_req, res) => res.send('x'));
console.log(typeof app.listen, typeof express.Router, typeof express.json, app.get('env'), app.get('x-powered-by'));
