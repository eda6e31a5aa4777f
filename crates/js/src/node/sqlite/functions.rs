//! JavaScript functions that SQL calls: functions, aggregates, window functions, and the authorizer that statements are asked of.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rusqlite::Result as SqlResult;
use rusqlite::functions::{Aggregate, Context as Call, FunctionFlags, WindowAggregate};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization, TransactionOperation};
use rusqlite::types::Value;

use super::callbacks::{Kept, call, stopped, within};
use super::operations::database_of;
use super::values::{Bindable, from_js, to_js};
use crate::engine::{Arguments, Class, Error, Local, Op, Scope};

pub(super) const OPS: &[Op] = &[
    Op::new("databaseAggregate", 9, aggregate),
    Op::new("databaseAuthorizer", 2, authorizer),
    Op::new("databaseFunction", 6, function),
];

fn flags_of(scope: &Scope<'_>, value: Local<'_>) -> Result<FunctionFlags, Error> {
    let given = FunctionFlags::from_bits_truncate(scope.int32_of(value)?);
    Ok(FunctionFlags::SQLITE_UTF8 | given)
}

/// The arguments of a call from SQL.
fn given<'s>(scope: &Scope<'s>, call: &Call<'_>, as_bigint: bool) -> Result<Vec<Local<'s>>, Error> {
    (0..call.len())
        .map(|index| to_js(scope, call.get_raw(index), as_bigint))
        .collect()
}

/// What a function returned, for SQL.
fn returned(scope: &Scope<'_>, value: Local<'_>) -> Result<Value, Error> {
    let refused = |message: &str| Err(super::errors::coded(1, Some(message.to_owned())));
    if value.is_undefined() {
        return Ok(Value::Null);
    }
    match from_js(scope, value)? {
        Bindable::Value(value) => Ok(value),
        Bindable::TooLarge => refused("BigInt value is too large for SQLite"),
        Bindable::Unsupported if scope.class_of(value) == Some(Class::Promise) => {
            refused("Asynchronous user-defined functions are not supported")
        }
        Bindable::Unsupported => {
            refused("Returned JavaScript value cannot be converted to a SQLite value")
        }
    }
}

/// `databaseFunction(database, name, arity, flags, asBigInt, function)`
fn function<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = database_of(scope, &arguments)?.connection()?;
    let name = scope.string_of(arguments.get(1))?;
    let arity = scope.int32_of(arguments.get(2))?;
    let flags = flags_of(scope, arguments.get(3))?;
    let as_bigint = scope.bool_of(arguments.get(4));
    let kept = Kept::new(scope, arguments.get(5));
    within(scope, || {
        connection.create_scalar_function(name.as_str(), arity, flags, move |sql| {
            call(|scope| {
                let given = given(scope, sql, as_bigint)?;
                let value = scope.call(kept.value(scope), Local::undefined(), &given)?;
                returned(scope, value)
            })
            .ok_or_else(stopped)
        })
    })?;
    Ok(Local::undefined())
}

/// An aggregate of the program: `start` is a value or a function, `inverse` and `result` may be undefined.
struct Aggregating {
    start: Kept,
    step: Kept,
    inverse: Kept,
    result: Kept,
    as_bigint: bool,
}

/// The value of an aggregate on its way.
struct Accumulated {
    value: Kept,
    /// A window function has given its last value when it ends.
    is_read: bool,
}

impl Aggregating {
    fn begin(&self) -> SqlResult<Accumulated> {
        call(|scope| {
            let start = self.start.value(scope);
            let value = if scope.is_function(start) {
                scope.call(start, Local::undefined(), &[])?
            } else {
                start
            };
            Ok(Kept::new(scope, value))
        })
        .map(|value| Accumulated {
            value,
            is_read: false,
        })
        .ok_or_else(stopped)
    }

    fn advance(&self, function: &Kept, sql: &Call<'_>, to: &Accumulated) -> SqlResult<()> {
        call(|scope| {
            let mut all = vec![to.value.value(scope)];
            all.extend(given(scope, sql, self.as_bigint)?);
            let value = scope.call(function.value(scope), Local::undefined(), &all)?;
            to.value.replace(scope, value);
            Ok(())
        })
        .ok_or_else(stopped)
    }

    fn read(&self, from: &Accumulated) -> SqlResult<Value> {
        call(|scope| {
            let value = from.value.value(scope);
            let result = self.result.value(scope);
            let value = if scope.is_function(result) {
                scope.call(result, Local::undefined(), &[value])?
            } else {
                value
            };
            returned(scope, value)
        })
        .ok_or_else(stopped)
    }
}

impl Aggregate<Accumulated, Value> for Aggregating {
    fn init(&self, _: &mut Call<'_>) -> SqlResult<Accumulated> {
        self.begin()
    }

    fn step(&self, sql: &mut Call<'_>, to: &mut Accumulated) -> SqlResult<()> {
        self.advance(&self.step, sql, to)
    }

    fn finalize(&self, _: &mut Call<'_>, from: Option<Accumulated>) -> SqlResult<Value> {
        match from {
            Some(from) if from.is_read => Ok(Value::Null),
            Some(from) => self.read(&from),
            // There was no row.
            None => self.read(&self.begin()?),
        }
    }
}

impl WindowAggregate<Accumulated, Value> for Aggregating {
    fn value(&self, from: Option<&mut Accumulated>) -> SqlResult<Value> {
        match from {
            Some(from) => {
                from.is_read = true;
                self.read(from)
            }
            None => self.read(&self.begin()?),
        }
    }

    fn inverse(&self, sql: &mut Call<'_>, to: &mut Accumulated) -> SqlResult<()> {
        self.advance(&self.inverse, sql, to)
    }
}

/// `databaseAggregate(database, name, arity, flags, asBigInt, start, step, inverse, result)`
fn aggregate<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let connection = database_of(scope, &arguments)?.connection()?;
    let name = scope.string_of(arguments.get(1))?;
    let arity = scope.int32_of(arguments.get(2))?;
    let flags = flags_of(scope, arguments.get(3))?;
    let is_window = !arguments.get(7).is_undefined();
    let aggregating = Aggregating {
        start: Kept::new(scope, arguments.get(5)),
        step: Kept::new(scope, arguments.get(6)),
        inverse: Kept::new(scope, arguments.get(7)),
        result: Kept::new(scope, arguments.get(8)),
        as_bigint: scope.bool_of(arguments.get(4)),
    };
    within(scope, || {
        if is_window {
            connection.create_window_function(name.as_str(), arity, flags, aggregating)
        } else {
            connection.create_aggregate_function(name.as_str(), arity, flags, aggregating)
        }
    })?;
    Ok(Local::undefined())
}

/// Who is asked whether a statement may do what it says. SQLite's callback is there from the start, as the crate sets it only while nothing
/// borrows the connection; it asks nobody until the program has set a function.
pub(super) struct Authorizer {
    function: Kept,
    is_set: AtomicBool,
}

impl Authorizer {
    pub(super) fn new(scope: &Scope<'_>) -> Authorizer {
        Authorizer {
            function: Kept::new(scope, Local::undefined()),
            is_set: AtomicBool::new(false),
        }
    }

    pub(super) fn decide(&self, context: &AuthContext<'_>) -> Authorization {
        if !self.is_set.load(Ordering::Relaxed) {
            return Authorization::Allow;
        }
        let decided = call(|scope| {
            let (code, first, second) = raw(&context.action);
            let text =
                |text: Option<&str>| text.map_or(Ok(Local::null()), |text| scope.string(text));
            let given = [
                scope.number(code.into()),
                text(first)?,
                text(second)?,
                text(context.database_name)?,
                text(context.accessor)?,
            ];
            let answer = scope.call(self.function.value(scope), Local::undefined(), &given)?;
            let answer = answer
                .as_f64()
                .filter(|answer| answer.fract() == 0.0)
                .ok_or_else(|| {
                    let message = "Authorizer callback must return an integer authorization code";
                    Error::type_error(message).with("code", "ERR_INVALID_ARG_TYPE")
                })?;
            match answer as i32 {
                0 => Ok(Authorization::Allow),
                1 => Ok(Authorization::Deny),
                2 => Ok(Authorization::Ignore),
                _ => {
                    let message = "Authorizer callback returned a invalid authorization code";
                    Err(Error::range_error(message).with("code", "ERR_OUT_OF_RANGE"))
                }
            }
        });
        decided.unwrap_or(Authorization::Deny)
    }
}

/// `databaseAuthorizer(database, function)`: undefined for nobody.
fn authorizer<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let database = database_of(scope, &arguments)?;
    database.connection()?;
    let authorizer: &Arc<Authorizer> = &database.authorizer;
    let function = arguments.get(1);
    authorizer.function.replace(scope, function);
    authorizer
        .is_set
        .store(!function.is_undefined(), Ordering::Relaxed);
    Ok(Local::undefined())
}

/// An action by SQLite's number, with its two texts.
fn raw<'c>(action: &AuthAction<'c>) -> (i32, Option<&'c str>, Option<&'c str>) {
    let of = |operation: &TransactionOperation| match operation {
        TransactionOperation::Begin => "BEGIN",
        TransactionOperation::Release => "RELEASE",
        TransactionOperation::Rollback => "ROLLBACK",
        // The crate has no name for it.
        _ => "COMMIT",
    };
    match *action {
        AuthAction::CreateIndex {
            index_name,
            table_name,
        } => (1, Some(index_name), Some(table_name)),
        AuthAction::CreateTable { table_name } => (2, Some(table_name), None),
        AuthAction::CreateTempIndex {
            index_name,
            table_name,
        } => (3, Some(index_name), Some(table_name)),
        AuthAction::CreateTempTable { table_name } => (4, Some(table_name), None),
        AuthAction::CreateTempTrigger {
            trigger_name,
            table_name,
        } => (5, Some(trigger_name), Some(table_name)),
        AuthAction::CreateTempView { view_name } => (6, Some(view_name), None),
        AuthAction::CreateTrigger {
            trigger_name,
            table_name,
        } => (7, Some(trigger_name), Some(table_name)),
        AuthAction::CreateView { view_name } => (8, Some(view_name), None),
        AuthAction::Delete { table_name } => (9, Some(table_name), None),
        AuthAction::DropIndex {
            index_name,
            table_name,
        } => (10, Some(index_name), Some(table_name)),
        AuthAction::DropTable { table_name } => (11, Some(table_name), None),
        AuthAction::DropTempIndex {
            index_name,
            table_name,
        } => (12, Some(index_name), Some(table_name)),
        AuthAction::DropTempTable { table_name } => (13, Some(table_name), None),
        AuthAction::DropTempTrigger {
            trigger_name,
            table_name,
        } => (14, Some(trigger_name), Some(table_name)),
        AuthAction::DropTempView { view_name } => (15, Some(view_name), None),
        AuthAction::DropTrigger {
            trigger_name,
            table_name,
        } => (16, Some(trigger_name), Some(table_name)),
        AuthAction::DropView { view_name } => (17, Some(view_name), None),
        AuthAction::Insert { table_name } => (18, Some(table_name), None),
        AuthAction::Pragma {
            pragma_name,
            pragma_value,
        } => (19, Some(pragma_name), pragma_value),
        AuthAction::Read {
            table_name,
            column_name,
        } => (20, Some(table_name), Some(column_name)),
        AuthAction::Select => (21, None, None),
        AuthAction::Transaction { ref operation } => (22, Some(of(operation)), None),
        AuthAction::Update {
            table_name,
            column_name,
        } => (23, Some(table_name), Some(column_name)),
        AuthAction::Attach { filename } => (24, Some(filename), None),
        AuthAction::Detach { database_name } => (25, Some(database_name), None),
        AuthAction::AlterTable {
            database_name,
            table_name,
        } => (26, Some(database_name), Some(table_name)),
        AuthAction::Reindex { index_name } => (27, Some(index_name), None),
        AuthAction::Analyze { table_name } => (28, Some(table_name), None),
        AuthAction::CreateVtable {
            table_name,
            module_name,
        } => (29, Some(table_name), Some(module_name)),
        AuthAction::DropVtable {
            table_name,
            module_name,
        } => (30, Some(table_name), Some(module_name)),
        AuthAction::Function { function_name } => (31, None, Some(function_name)),
        AuthAction::Savepoint {
            ref operation,
            savepoint_name,
        } => (32, Some(of(operation)), Some(savepoint_name)),
        AuthAction::Recursive => (33, None, None),
        AuthAction::Unknown { code, arg1, arg2 } => (code, arg1, arg2),
        // The crate may learn to name more.
        _ => (0, None, None),
    }
}
