//! Environments that several threads share (`SHARE_ENV` of `node:worker_threads`): strings by name, under a number. The process's own
//! environment is not among them: nobody changes that while threads run.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("sharedVariable", 2, get),
    Op::new("sharedVariableNames", 1, names),
    Op::new("sharedVariables", 1, share),
    Op::new("setSharedVariable", 3, set),
];

type Variables = BTreeMap<String, String>;

/// BOUNDED: one for each thread that shares what was its own, as long as the process lives.
static SHARED: Mutex<Vec<Variables>> = Mutex::new(Vec::new());

fn with<R>(
    scope: &Scope<'_>,
    number: Local<'_>,
    use_them: impl FnOnce(&mut Variables) -> R,
) -> Result<R, Error> {
    let index = (scope.number_of(number)? as usize).wrapping_sub(1);
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    let variables = shared.get_mut(index);
    Ok(use_them(variables.ok_or_else(|| {
        Error::new("there is no such environment")
    })?))
}

/// `sharedVariables(list)`: the number, never 0, of an environment of these names and values in turn.
fn share<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let list = arguments.get(0);
    let mut variables = Variables::new();
    let text = |index: u32| scope.string_of(scope.get(list, index)?);
    for index in 0..scope.array_length(list)? / 2 {
        variables.insert(text(2 * index)?, text(2 * index + 1)?);
    }
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    shared.push(variables);
    Ok(scope.number(shared.len() as f64))
}

/// `sharedVariable(number, name)`: undefined when there is none.
fn get<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(1))?;
    let value = with(scope, arguments.get(0), |variables| {
        variables.get(&name).cloned()
    })?;
    match value {
        Some(value) => scope.string(&value),
        None => Ok(Local::undefined()),
    }
}

/// `setSharedVariable(number, name, value)`; undefined takes it away.
fn set<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let name = scope.string_of(arguments.get(1))?;
    let value = match arguments.get(2) {
        value if value.is_undefined() => None,
        value => Some(scope.string_of(value)?),
    };
    with(scope, arguments.get(0), |variables| match value {
        Some(value) => drop(variables.insert(name, value)),
        None => drop(variables.remove(&name)),
    })?;
    Ok(Local::undefined())
}

/// `sharedVariableNames(number)`.
fn names<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let names: Vec<String> = with(scope, arguments.get(0), |variables| {
        variables.keys().cloned().collect()
    })?;
    let names = names
        .iter()
        .map(|name| scope.string(name))
        .collect::<Result<Vec<_>, _>>()?;
    scope.array(&names)
}
