// Servers: mariadb
// koa with a router and mysql2: a small shop, with streams and an error that is told to the client.
import Router from '@koa/router';
import Koa from 'koa';
import bodyParser from 'koa-bodyparser';
import mysql from 'mysql2/promise';
import { servers } from './harness.mjs';

const root = await mysql.createConnection({ ...servers.mariadb, user: 'root' });
await root.query('CREATE DATABASE IF NOT EXISTS koa CHARACTER SET utf8mb4');
await root.end();
const pool = mysql.createPool({ ...servers.mariadb, user: 'root', database: 'koa', connectionLimit: 4, namedPlaceholders: true });
await pool.query('DROP TABLE IF EXISTS products');
await pool.query('CREATE TABLE products (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(50) NOT NULL UNIQUE, stock INT NOT NULL)');
const app = new Koa();
app.silent = true;
const router = new Router({ prefix: '/products' });
router.get('/', async (ctx) => {
  [ctx.body] = await pool.query('SELECT * FROM products ORDER BY id LIMIT ?', [Number(ctx.query.limit ?? 10)]);
});
router.get('/export', async (ctx) => {
  const connection = await pool.getConnection();
  const rows = connection.connection.query('SELECT * FROM products ORDER BY id').stream();
  ctx.type = 'text/csv';
  ctx.body = rows.compose(async function* (source) {
    for await (const row of source) yield `${row.id},${row.name},${row.stock}\n`;
  });
  ctx.res.on('close', () => connection.release());
});
router.get('/:id', async (ctx) => {
  const [rows] = await pool.execute('SELECT * FROM products WHERE id = :id', { id: ctx.params.id });
  ctx.assert(rows.length > 0, 404, 'no such product');
  ctx.body = rows[0];
});
router.post('/', async (ctx) => {
  const [result] = await pool.execute('INSERT INTO products (name, stock) VALUES (:name, :stock)', ctx.request.body);
  ctx.status = 201;
  ctx.set('Location', `/products/${result.insertId}`);
  ctx.body = { id: result.insertId };
});
router.put('/:id/buy', async (ctx) => {
  const connection = await pool.getConnection();
  try {
    await connection.beginTransaction();
    const [[product]] = await connection.execute('SELECT stock FROM products WHERE id = ? FOR UPDATE', [ctx.params.id]);
    if (product.stock === 0) ctx.throw(409, 'sold out');
    await connection.execute('UPDATE products SET stock = stock - 1 WHERE id = ?', [ctx.params.id]);
    await connection.commit();
    ctx.body = { left: product.stock - 1 };
  } catch (error) {
    await connection.rollback();
    throw error;
  } finally {
    connection.release();
  }
});
app.use(async (ctx, next) => {
  try {
    await next();
  } catch (error) {
    ctx.status = error.code === 'ER_DUP_ENTRY' ? 409 : (error.status ?? 500);
    ctx.body = { error: error.code ?? error.message };
  }
});
app.use(bodyParser());
app.use(router.routes()).use(router.allowedMethods());
const server = app.listen(0, '127.0.0.1');
await new Promise((resolve) => server.on('listening', resolve));
const ask = async (method, path, body) => {
  const response = await fetch(`http://127.0.0.1:${server.address().port}/products${path}`, {
    method,
    body: body && JSON.stringify(body),
    headers: body && { 'content-type': 'application/json' },
  });
  const text = await response.text();
  return `${response.status} ${response.headers.get('content-type')} ${response.headers.get('location') ?? ''} ${text.slice(0, 120)}`;
};
console.log(await ask('POST', '', { name: 'Tee', stock: 5 }));
console.log(await ask('POST', '', { name: 'Tee', stock: 1 }));
console.log(await ask('POST', '', { name: 'Kaffee ☕', stock: 2 }));
console.log(await ask('GET', ''), await ask('GET', '?limit=1'));
console.log(await ask('GET', '/3'), await ask('GET', '/9'));
console.log((await Promise.all(Array.from({ length: 8 }, () => ask('PUT', '/1/buy')))).sort());
await pool.query('INSERT INTO products (name, stock) VALUES ?', [Array.from({ length: 5000 }, (_, n) => [`p${n}`, n])]);
const exported = await fetch(`http://127.0.0.1:${server.address().port}/products/export`);
console.log(exported.headers.get('content-type'), (await exported.text()).split('\n').length);
console.log(await ask('PATCH', '/1'), await ask('OPTIONS', '/1'));
server.close();
await pool.end();
