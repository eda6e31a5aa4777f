// connect, light-my-request, cookie-session, serve-static, errorhandler, polka, passport, passport-local, express, passport-jwt and
// jsonwebtoken do what they do on Node.
const connect = require('connect');
const inject = require('light-my-request');
const app = connect();
app.use(require('cookie-session')({ keys: ['a'], name: 's' }));
app.use(require('serve-static')(__dirname));
app.use('/x', (q, r) => {
  q.session.v = 1;
  r.end(`x${q.url}`);
});
app.use((_q, _r, n) => n(new Error('e')));
app.use(require('errorhandler')({ log: false }));
(async () => {
  for (const url of ['/x/1', '/connect.cjs', '/zz']) {
    const r = await inject(app, { url, headers: { accept: 'application/json' } });
    console.log(r.statusCode, r.headers['set-cookie'], r.payload.length > 0, r.headers['content-type']);
  }
  const polka = require('polka');
  const p = polka()
    .use((q, _s, n) => {
      q.z = 1;
      n();
    })
    .get('/u/:id', (q, s) => s.end(q.params.id + q.z));
  const r2 = await inject(p.handler.bind(p), { url: '/u/7' });
  console.log(r2.payload);
  const passport = require('passport');
  const LS = require('passport-local').Strategy;
  passport.use(new LS((u, pw, cb) => cb(null, pw === 'ok' ? { id: u } : false)));
  const ex = require('express')();
  ex.use(require('express').urlencoded({ extended: false }));
  ex.use(passport.initialize());
  ex.post('/login', passport.authenticate('local', { session: false }), (q, s) => s.json(q.user));
  for (const pw of ['ok', 'bad']) {
    const r = await inject(ex, {
      method: 'POST',
      url: '/login',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: `username=bob&password=${pw}`,
    });
    console.log(r.statusCode, r.payload);
  }
  const J = require('passport-jwt');
  passport.use(new J.Strategy({ jwtFromRequest: J.ExtractJwt.fromAuthHeaderAsBearerToken(), secretOrKey: 'k' }, (p, cb) => cb(null, p)));
  ex.get('/me', passport.authenticate('jwt', { session: false }), (q, s) => s.json(q.user.sub));
  const tok = require('jsonwebtoken').sign({ sub: 'u' }, 'k');
  console.log((await inject(ex, { url: '/me', headers: { authorization: `Bearer ${tok}` } })).payload);
})();
