// PostgreSQL by pg.
import pg from 'pg';

const LIMIT_MS = 1000;
// serialization_failure, deadlock_detected, unique_violation: two did the same at the same time.
const CONFLICTS = new Set(['40001', '40P01', '23505']);

// count() is a bigint, which pg gives as text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export function open(address, size) {
  const options = { connectionString: address, connectionTimeoutMillis: LIMIT_MS };
  const pool = new pg.Pool({ ...options, connectionTimeoutMillis: 0, max: size });
  // A connection breaks while nobody uses it; the pool makes another. One that is in use says so to whoever uses it.
  pool.on('error', () => {});
  pool.on('connect', (client) => client.on('error', () => {}));

  return {
    isConflict: ({ code }) => CONFLICTS.has(code),

    async take() {
      const client = await pool.connect();
      let isOver = false;
      return {
        async query(text, parameters) {
          const values = [];
          const numbered = text.replace(/:(\w+)/g, (_, name) => `$${values.push(parameters[name])}`);
          const { rows, rowCount } = await client.query(numbered, values);
          return { rows, count: rowCount };
        },
        /** Has the server end what runs, by another connection. */
        async cancel() {
          const other = new pg.Client({ ...options, query_timeout: LIMIT_MS });
          other.on('error', () => {});
          await other.connect();
          await other.query('SELECT pg_cancel_backend($1)', [client.processID]);
          await other.end();
        },
        end() {
          if (!isOver) client.release(true);
          isOver = true;
        },
        giveBack() {
          if (!isOver) client.release();
        },
      };
    },
  };
}
