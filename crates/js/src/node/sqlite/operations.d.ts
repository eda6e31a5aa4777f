// The operations of node/sqlite, as its Rust has them.

interface NativeDatabase {
  readonly nativeDatabase: unique symbol;
}
interface NativeStatement {
  readonly nativeStatement: unique symbol;
}
interface NativeSession {
  readonly nativeSession: unique symbol;
}
interface NativeBackup {
  readonly nativeBackup: unique symbol;
}
/** A value that SQLite holds. */
type SqlValue = null | number | bigint | string | Uint8Array;

interface Operations {
  backupBegin(database: NativeDatabase, path: Uint8Array, source: string, target: string): NativeBackup;
  backupStep(backup: NativeBackup, pages: number): [total: number, remaining: number, isDone: boolean];
  databaseAggregate(
    database: NativeDatabase,
    name: string,
    arity: number,
    flags: number,
    asBigInt: boolean,
    start: unknown,
    step: Function,
    inverse: Function | undefined,
    result: Function | undefined,
  ): void;
  /** False if a conflict ended it. */
  databaseApply(database: NativeDatabase, changeset: Uint8Array, filter: Function | undefined, onConflict: Function | undefined): boolean;
  databaseAuthorizer(database: NativeDatabase, authorizer: Function | undefined): void;
  databaseClose(database: NativeDatabase): void;
  databaseDefend(database: NativeDatabase, isDefensive: boolean): void;
  databaseFunction(database: NativeDatabase, name: string, arity: number, flags: number, asBigInt: boolean, given: Function): void;
  databaseIsInTransaction(database: NativeDatabase): boolean;
  /** A value below 0 leaves the limit as it is. */
  databaseLimit(database: NativeDatabase, number: number, value: number): number;
  databaseLocation(database: NativeDatabase, name: string): string | undefined;
  databaseOpen(
    path: Uint8Array,
    readOnly: boolean,
    milliseconds: number,
    foreignKeys: boolean,
    doubleQuotes: boolean,
    defensive: boolean,
  ): NativeDatabase;
  databaseBytes(database: NativeDatabase, name: string): Uint8Array<ArrayBuffer>;
  databaseReplace(database: NativeDatabase, bytes: Uint8Array, name: string): void;
  databaseRun(database: NativeDatabase, sql: string): void;
  sessionChanges(session: NativeSession, isPatchset: boolean): Uint8Array<ArrayBuffer>;
  sessionClose(session: NativeSession): void;
  sessionOpen(database: NativeDatabase, table: string | undefined, name: string): NativeSession;
  /** `most` rows at most, all for 0. */
  statementAll(statement: NativeStatement, values: unknown[], asBigInt: boolean, most: number): SqlValue[][];
  statementBegin(statement: NativeStatement, values: unknown[]): void;
  /** Whether there was one. */
  statementClose(statement: NativeStatement): boolean;
  statementColumns(statement: NativeStatement): (string | undefined)[][];
  statementNext(statement: NativeStatement, asBigInt: boolean): SqlValue[] | undefined;
  statementParameters(statement: NativeStatement): (string | undefined)[];
  statementPrepare(database: NativeDatabase, sql: string): NativeStatement;
  statementReset(statement: NativeStatement): void;
  /** `values` is `[index, value, ...]`. */
  statementRun(statement: NativeStatement, values: unknown[], asBigInt: boolean): [changes: number | bigint, rowid: number | bigint];
  statementStatus(statement: NativeStatement, place: number, reset: boolean): number;
  /** Its SQL with the values that are bound. */
  statementText(statement: NativeStatement): string | undefined;
}
