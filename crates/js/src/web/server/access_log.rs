//! The operations of the access log: a log follows the requests of servers of `twinloop.serve`, and servers of Node tell it what they did.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

use twinloop_web::server::{AccessLine, AccessLog};

use super::table::Servers;
use crate::builtins::permissions::{Access, limits};
use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(super) const OPS: &[Op] = &[
    Op::new("accessLogFlushed", 1, flushed),
    Op::new("accessLogLine", 7, line),
    Op::new("accessLogOpen", 1, open),
    Op::new("accessLogReopen", 2, reopen),
    Op::new("serverSetLog", 2, set_log),
];

/// How long the end of a server waits for who reads its log.
const PATIENCE: Duration = Duration::from_secs(1);

fn log_in(scope: &Scope<'_>, value: Local<'_>) -> Result<Rc<AccessLog>, Error> {
    scope.expect_host(value, "an access log")
}

fn path_of(scope: &Scope<'_>, value: Local<'_>) -> Result<PathBuf, Error> {
    let path = PathBuf::from(scope.string_of(value)?);
    limits(scope).path(Access::READ_AND_WRITE, &path)?;
    Ok(path)
}

fn failed(path: &std::path::Path, error: &std::io::Error) -> Error {
    Error::new(format!("the access log '{}': {error}", path.display()))
}

/// `accessLogOpen(path)`: a log, on the standard output without a path.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = arguments.get(0);
    let log = if path.is_undefined() {
        AccessLog::to_standard_output().map_err(|error| Error::new(error.to_string()))?
    } else {
        let path = path_of(scope, path)?;
        AccessLog::to_file(&path).map_err(|error| failed(&path, &error))?
    };
    scope.host_object(log)
}

/// `accessLogReopen(log, path)`
fn reopen<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = path_of(scope, arguments.get(1))?;
    log_in(scope, arguments.get(0))?
        .reopen(&path)
        .map_err(|error| failed(&path, &error))?;
    Ok(Local::undefined())
}

/// `serverSetLog(server, log)`: has the log follow the server's requests from now on, or none.
fn set_log<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.number_of(arguments.get(0))?;
    let log = arguments.get(1);
    let log = match log.is_undefined() {
        true => None,
        false => Some(log_in(scope, log)?),
    };
    if let Some(listening) = scope.state::<Servers>().listening.get(number) {
        *listening.log.borrow_mut() = log;
    }
    Ok(Local::undefined())
}

/// `accessLogLine(log, address, method, target, version, status, bytes)`
fn line<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let log = log_in(scope, arguments.get(0))?;
    let address: Option<IpAddr> = scope.string_of(arguments.get(1))?.parse().ok();
    log.add(&AccessLine {
        client: address.map(|address| SocketAddr::new(address, 0)),
        method: &scope.string_of(arguments.get(2))?,
        target: scope.string_of(arguments.get(3))?.as_bytes(),
        version: &scope.string_of(arguments.get(4))?,
        status: scope.int32_of(arguments.get(5))? as u16,
        bytes: scope.number_of(arguments.get(6))? as u64,
    });
    Ok(Local::undefined())
}

/// `accessLogFlushed(log)`: resolves when what was told is written, or nobody has read it for long.
fn flushed<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let log = log_in(scope, arguments.get(0))?;
    scope.promise_from_future(async move {
        log.flushed(PATIENCE).await;
        Ok(())
    })
}
