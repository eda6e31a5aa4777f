//! Prepared statements: binding, running, and reading row by row.

use std::cell::RefCell;
use std::mem;
use std::rc::Rc;

use rusqlite::types::Value;
use rusqlite::{Connection, Statement, StatementStatus};
use self_cell::self_cell;

use super::callbacks::within;
use super::database::Dependent;
use super::errors::failed;
use super::operations::database_of;
use super::values::{Bindable, from_js, integer, to_js};
use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope};

pub(super) const OPS: &[Op] = &[
    Op::new("statementAll", 4, all),
    Op::new("statementBegin", 2, begin),
    Op::new("statementClose", 1, close),
    Op::new("statementColumns", 1, columns),
    Op::new("statementNext", 2, next),
    Op::new("statementParameters", 1, parameters),
    Op::new("statementPrepare", 2, prepare),
    Op::new("statementReset", 1, reset),
    Op::new("statementRun", 3, run),
    Op::new("statementStatus", 3, status),
    Op::new("statementText", 1, text),
];

type Borrowing<'c> = Statement<'c>;

self_cell!(
    /// A statement and the connection that it borrows.
    struct Owned {
        owner: Rc<Connection>,
        #[covariant]
        dependent: Borrowing,
    }
);

/// A statement; gone when its database is closed.
struct Prepared(RefCell<Option<Owned>>);

impl Dependent for Prepared {
    fn finalize(&self) {
        // One that runs, and closes its database from within, is finalized when nobody holds it any longer.
        if let Ok(mut statement) = self.0.try_borrow_mut() {
            statement.take();
        }
    }
}

fn prepared<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Rc<Prepared>, Error> {
    scope.expect_host(arguments.get(0), "a statement")
}

fn with_statement<T>(
    prepared: &Prepared,
    f: impl FnOnce(&Connection, &mut Statement<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let Ok(mut statement) = prepared.0.try_borrow_mut() else {
        return Err(Error::coded("ERR_INVALID_STATE", "statement is in use"));
    };
    let statement = statement
        .as_mut()
        .ok_or_else(|| Error::coded("ERR_INVALID_STATE", "statement has been finalized"))?;
    statement.with_dependent_mut(|connection, statement| f(connection, statement))
}

/// `statementPrepare(database, sql)`
fn prepare<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let database = database_of(scope, &arguments)?;
    let connection = database.connection()?;
    let sql = scope.string_of(arguments.get(1))?;
    let statement = within(scope, || {
        Owned::try_new(connection, |connection| connection.prepare(&sql))
    })?;
    let prepared = Rc::new(Prepared(RefCell::new(Some(statement))));
    database.depends(&prepared);
    scope.host_object(prepared)
}

/// `statementClose(statement)`: whether there was one.
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prepared = prepared(scope, &arguments)?;
    let Ok(mut statement) = prepared.0.try_borrow_mut() else {
        return Err(Error::coded("ERR_INVALID_STATE", "statement is in use"));
    };
    Ok(Local::boolean(statement.take().is_some()))
}

/// What SQLite counts of a statement, in the order in which JavaScript names them.
const STATUS: [StatementStatus; 9] = [
    StatementStatus::FullscanStep,
    StatementStatus::Sort,
    StatementStatus::AutoIndex,
    StatementStatus::VmStep,
    StatementStatus::RePrepare,
    StatementStatus::Run,
    StatementStatus::FilterMiss,
    StatementStatus::FilterHit,
    StatementStatus::MemUsed,
];

/// `statementStatus(statement, place, reset)`: a count, which `reset` begins anew.
fn status<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prepared = prepared(scope, &arguments)?;
    let place = scope.int32_of(arguments.get(1))? as usize;
    let status = *STATUS
        .get(place)
        .ok_or_else(|| Error::new("there is no such count"))?;
    let reset = scope.bool_of(arguments.get(2));
    with_statement(&prepared, |_, statement| {
        let count = match reset {
            true => statement.reset_status(status),
            false => statement.get_status(status),
        };
        Ok(scope.number(count.into()))
    })
}

/// Binds `[index, value, ...]`; what is not bound is null.
fn bind(scope: &Scope<'_>, statement: &mut Statement<'_>, values: Local<'_>) -> Result<(), Error> {
    // What an iteration left unread ends here.
    drop(statement.raw_query());
    statement.clear_bindings();
    let length = scope.array_length(values)?;
    for place in (0..length).step_by(2) {
        let index = scope.get(values, place)?;
        let index = scope.int32_of(index)?.max(0) as usize;
        let value = match from_js(scope, scope.get(values, place + 1)?)? {
            Bindable::Value(value) => value,
            Bindable::TooLarge => {
                let message = "BigInt value is too large to bind.";
                return Err(Error::type_error(message).with("code", "ERR_INVALID_ARG_VALUE"));
            }
            Bindable::Unsupported => {
                let message =
                    format!("Provided value cannot be bound to SQLite parameter {index}.");
                return Err(Error::type_error(message).with("code", "ERR_INVALID_ARG_TYPE"));
            }
        };
        let bound = match value {
            // SQLite takes an empty blob without a place for null.
            Value::Blob(bytes) => statement.raw_bind_parameter(index, bytes.as_slice()),
            value => statement.raw_bind_parameter(index, value),
        };
        bound.map_err(failed)?;
    }
    Ok(())
}

/// The row that a statement stands on, as an array.
fn row_of<'s>(
    scope: &Scope<'s>,
    row: &rusqlite::Row<'_>,
    as_bigint: bool,
) -> Result<Local<'s>, Error> {
    let statement: &Statement<'_> = row.as_ref();
    let values = (0..statement.column_count())
        .map(|column| {
            let value = row.get_ref(column).map_err(failed)?;
            to_js(scope, value, as_bigint)
        })
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&values)
}

/// `statementRun(statement, values, asBigInt)`: `[changes, lastInsertRowid]`.
fn run<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prepared = prepared(scope, &arguments)?;
    let as_bigint = scope.bool_of(arguments.get(2));
    with_statement(&prepared, |connection, statement| {
        bind(scope, statement, arguments.get(1))?;
        within(scope, || {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
            Ok(())
        })?;
        scope.array(&[
            integer(scope, connection.changes() as i64, as_bigint)?,
            integer(scope, connection.last_insert_rowid(), as_bigint)?,
        ])
    })
}

/// `statementAll(statement, values, asBigInt, most)`: the rows, `most` at most if it is not 0.
fn all<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prepared = prepared(scope, &arguments)?;
    let as_bigint = scope.bool_of(arguments.get(2));
    let most = scope.int32_of(arguments.get(3))?.max(0) as u32;
    with_statement(&prepared, |_, statement| {
        bind(scope, statement, arguments.get(1))?;
        let mut rows = statement.raw_query();
        let list = scope.array(&[])?;
        let mut count = 0;
        loop {
            let mut kept = None;
            within(scope, || {
                if let Some(row) = rows.next()? {
                    // A row's values end with it, however many rows there are.
                    kept = Some(scope.nested(|scope| {
                        let values = row_of(scope, row, as_bigint)?;
                        scope.set(list, count, values)
                    }));
                }
                Ok(())
            })?;
            match kept {
                Some(kept) => kept?,
                None => break,
            }
            count += 1;
            if count == most {
                break;
            }
        }
        Ok(list)
    })
}

/// `statementBegin(statement, values)`: from now on `statementNext` gives the rows.
fn begin<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prepared = prepared(scope, &arguments)?;
    with_statement(&prepared, |_, statement| {
        bind(scope, statement, arguments.get(1))
    })?;
    Ok(Local::undefined())
}

/// `statementNext(statement, asBigInt)`: the next row, or undefined at the end.
fn next<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prepared = prepared(scope, &arguments)?;
    let as_bigint = scope.bool_of(arguments.get(1));
    with_statement(&prepared, |_, statement| {
        let mut rows = statement.raw_query();
        let mut found = Ok(Local::undefined());
        within(scope, || {
            if let Some(row) = rows.next()? {
                found = row_of(scope, row, as_bigint);
            }
            Ok(())
        })?;
        // Dropped, they would begin again from the first row.
        mem::forget(rows);
        found
    })
}

/// `statementReset(statement)`
fn reset<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prepared = prepared(scope, &arguments)?;
    with_statement(&prepared, |_, statement| {
        drop(statement.raw_query());
        Ok(())
    })?;
    Ok(Local::undefined())
}

/// `statementColumns(statement)`: of each `[name, column, table, database, type]`.
fn columns<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prepared = prepared(scope, &arguments)?;
    let columns: Vec<Vec<Option<String>>> = with_statement(&prepared, |_, statement| {
        let types: Vec<_> = (statement
            .columns()
            .map(|column| column.decl_type().map(str::to_owned)))
        .collect();
        let columns = statement.columns_with_metadata();
        let columns = columns.zip(types).map(|(column, decl_type)| {
            let text = |text: Option<&str>| text.map(str::to_owned);
            vec![
                text(Some(column.name())),
                text(column.origin_name()),
                text(column.table_name()),
                text(column.database_name()),
                decl_type,
            ]
        });
        Ok(columns.collect())
    })?;
    columns.into_js(scope)
}

/// `statementParameters(statement)`: their names, in order; one without a name is undefined.
fn parameters<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prepared = prepared(scope, &arguments)?;
    let names: Vec<Option<String>> = with_statement(&prepared, |_, statement| {
        let names = (1..=statement.parameter_count())
            .map(|index| statement.parameter_name(index).map(str::to_owned));
        Ok(names.collect())
    })?;
    names.into_js(scope)
}

/// `statementText(statement)`: its SQL with the values that are bound.
fn text<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let prepared = prepared(scope, &arguments)?;
    let text = with_statement(&prepared, |_, statement| Ok(statement.expanded_sql()))?;
    text.into_js(scope)
}
