//! The operations of `node:http`: the parser of `twinloop_web::http1` as a host object.
//!
//! A piece of a connection is given with the place to go on at; each call tells one event, so that JavaScript can answer it (no body for HEAD,
//! another protocol) before the next. Fields come as one text, names and values in turn with a zero character after each, which JavaScript takes
//! apart when somebody asks for them.

use std::cell::RefCell;
use std::rc::Rc;

use twinloop_web::http1::{Event, Failure, Head, Kind, Parser, Start};

use crate::engine::{Arguments, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("httpFinish", 1, finish),
    Op::new("httpHandOver", 1, hand_over),
    Op::new("httpIsWithin", 1, is_within),
    Op::new("httpParse", 3, parse),
    Op::new("httpParser", 3, parser),
    Op::new("httpReset", 3, reset),
    Op::new("httpSkipBody", 1, skip_body),
];

// The kinds of events, and the flags of heads, as `operations.d.ts` tells them.
const HEAD: f64 = 1.0;
const DATA: f64 = 2.0;
const END: f64 = 3.0;
const FAILED: f64 = 4.0;

type Cell = RefCell<Parser>;

fn parser_of<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Rc<Cell>, Error> {
    scope.expect_host::<Cell>(arguments.get(0), "a parser")
}

/// `httpParser(readsResponses, limit, isLenient)`
fn parser<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let kind = if scope.bool_of(arguments.get(0)) {
        Kind::Response
    } else {
        Kind::Request
    };
    let parser = begun(scope, &arguments, kind)?;
    scope.host_object(Rc::new(RefCell::new(parser)))
}

fn begun(scope: &Scope<'_>, arguments: &Arguments<'_>, kind: Kind) -> Result<Parser, Error> {
    let limit = scope.number_of(arguments.get(1))? as usize;
    let parser = Parser::new(kind, limit);
    Ok(if scope.bool_of(arguments.get(2)) {
        parser.lenient()
    } else {
        parser
    })
}

/// `httpReset(parser, limit, isLenient)`: for another connection.
fn reset<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let parser = parser_of(scope, &arguments)?;
    let kind = parser.borrow().kind();
    let begun = begun(scope, &arguments, kind)?;
    *parser.borrow_mut() = begun;
    Ok(Local::undefined())
}

/// `httpParse(parser, chunk, at)`: the next event, or undefined.
fn parse<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let parser = parser_of(scope, &arguments)?;
    let mut at = scope.number_of(arguments.get(2))? as usize;
    let outcome = scope.with_bytes(arguments.get(1), |bytes| {
        at = at.min(bytes.len());
        parser.borrow_mut().next(bytes, &mut at)
    })?;
    event(scope, at, outcome)
}

/// `httpFinish(parser)`: the connection has ended.
fn finish<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let outcome = parser_of(scope, &arguments)?.borrow_mut().finish();
    event(scope, 0, outcome)
}

/// `httpSkipBody(parser)`
fn skip_body<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    parser_of(scope, &arguments)?.borrow_mut().skip_body();
    Ok(Local::undefined())
}

/// `httpHandOver(parser)`
fn hand_over<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    parser_of(scope, &arguments)?.borrow_mut().hand_over();
    Ok(Local::undefined())
}

/// `httpIsWithin(parser)`: whether a message has begun and is not over.
fn is_within<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let is_within = parser_of(scope, &arguments)?.borrow().is_within();
    Ok(Local::boolean(is_within))
}

fn event<'s>(
    scope: &Scope<'s>,
    at: usize,
    outcome: Result<Option<Event>, Failure>,
) -> Result<Local<'s>, Error> {
    let number = |value: f64| scope.number(value);
    let at = number(at as f64);
    match outcome {
        Ok(None) => Ok(Local::undefined()),
        Ok(Some(Event::Head(told))) => head(scope, at, &told),
        Ok(Some(Event::Data(range))) => scope.array(&[
            number(DATA),
            at,
            number(range.start as f64),
            number(range.end as f64),
        ]),
        Ok(Some(Event::End(trailers))) if trailers.is_empty() => scope.array(&[number(END), at]),
        Ok(Some(Event::End(trailers))) => {
            scope.array(&[number(END), at, scope.string_latin1(&trailers)?])
        }
        Err(failure) => scope.array(&[
            number(FAILED),
            at,
            scope.string(failure.code)?,
            scope.string(failure.reason)?,
        ]),
    }
}

fn head<'s>(scope: &Scope<'s>, at: Local<'s>, head: &Head) -> Result<Local<'s>, Error> {
    let flags = [
        head.keeps_alive,
        head.upgrades,
        head.expects_continue,
        head.expects_other,
        head.has_body,
        head.has_host,
    ];
    let flags = (flags.into_iter().rev()).fold(0, |bits, flag| bits << 1 | u32::from(flag));
    let (first, second) = match &head.start {
        Start::Request { method, target } => (scope.string(method)?, scope.string_latin1(target)?),
        Start::Response { status, reason } => (
            scope.number(f64::from(*status)),
            scope.string_latin1(reason)?,
        ),
    };
    scope.array(&[
        scope.number(HEAD),
        at,
        first,
        second,
        scope.number(head.minor_version.into()),
        scope.string_latin1(&head.fields)?,
        scope.number(flags.into()),
    ])
}
