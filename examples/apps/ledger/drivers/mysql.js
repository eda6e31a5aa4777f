// MySQL and MariaDB by mysql2.
import mysql from 'mysql2/promise';

const LIMIT_MS = 1000;
// Two did the same at the same time.
const CONFLICTS = new Set(['ER_LOCK_DEADLOCK', 'ER_DUP_ENTRY', 'ER_LOCK_WAIT_TIMEOUT']);

export function open(address, size) {
  const pool = mysql.createPool({ uri: address, connectionLimit: size, namedPlaceholders: true });

  return {
    isConflict: ({ code }) => CONFLICTS.has(code),

    async take() {
      const connection = await pool.getConnection();
      let isOver = false;
      return {
        async query(text, parameters) {
          const [result] = await connection.query(text, parameters);
          return Array.isArray(result) ? { rows: result } : { count: result.affectedRows };
        },
        /** Has the server end what runs, by another connection. */
        async cancel() {
          const other = await mysql.createConnection({ uri: address, connectTimeout: LIMIT_MS });
          await other.query({ sql: 'KILL QUERY ?', timeout: LIMIT_MS }, [connection.threadId]);
          await other.end();
        },
        /** mysql2's own way takes leave and waits for the server, with everybody who waits for an answer. */
        end() {
          connection.connection.stream.destroy();
          isOver = true;
        },
        giveBack() {
          if (!isOver) connection.release();
        },
      };
    },
  };
}
