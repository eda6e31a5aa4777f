//! The operations behind `fs.watch`: watches of `twinloop_web::fs`, as host objects. Loop thread only.

use std::cell::RefCell;
use std::rc::Rc;

use twinloop_loop::{Hold, Loop};
use twinloop_web::fs::{Change, Event, Watch};

use super::error::Failure;
use super::operations::{Name, permitted};
use crate::builtins::permissions::Access;
use crate::engine::{Arguments, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("fsWatchClose", 1, close),
    Op::new("fsWatchNext", 1, next),
    Op::new("fsWatchReference", 2, reference),
    Op::new("fsWatchStart", 2, start),
];

struct Watching {
    watch: Watch,
    path: std::path::PathBuf,
    /// While it keeps the program alive.
    hold: RefCell<Option<Hold>>,
}

fn watching(scope: &Scope<'_>, value: Local<'_>) -> Result<Rc<Watching>, Error> {
    scope.expect_host::<Watching>(value, "a watch")
}

/// `fsWatchStart(path, recursive)`: a watch, which keeps the program alive.
fn start<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let path = permitted(scope, arguments.get(0), Access::READ)?;
    let recursive = scope.bool_of(arguments.get(1));
    let watch = Watch::start(&path, recursive)
        .map_err(|error| Failure::web(error, "watch", &path, None))?;
    scope.host_object(Rc::new(Watching {
        watch,
        path,
        hold: RefCell::new(Some(Loop::current().hold())),
    }))
}

/// `fsWatchReference(watch, on)`
fn reference<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let watching = watching(scope, arguments.get(0))?;
    let hold = scope
        .bool_of(arguments.get(1))
        .then(|| Loop::current().hold());
    let before = watching.hold.replace(hold);
    drop(before);
    Ok(Local::undefined())
}

/// `fsWatchClose(watch)`
fn close<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let watching = watching(scope, arguments.get(0))?;
    watching.watch.close();
    watching.hold.take();
    Ok(Local::undefined())
}

/// What has happened: whether it is a name, the name (undefined if nobody knows), and so on.
struct Events(Vec<Event>);

impl IntoJs for Events {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        let mut items = Vec::with_capacity(self.0.len() * 2);
        for Event { change, name } in self.0 {
            items.push(Local::boolean(change == Change::Name));
            items.push(match name {
                Some(name) => Name(name.into_os_string()).into_js(scope)?,
                None => Local::undefined(),
            });
        }
        scope.array(&items)
    }
}

/// `fsWatchNext(watch)`: a promise for what has happened; it does not keep the program alive, the watch does.
fn next<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let watching = watching(scope, arguments.get(0))?;
    let (promise, resolver) = scope.promise()?;
    let task = async move {
        let events = watching.watch.next().await;
        let outcome = events
            .map(Events)
            .map_err(|error| Failure::web(error, "watch", &watching.path, None).into());
        // The watch is the object's alone again before the program hears of it.
        drop(watching);
        resolver.settle(outcome);
    };
    Loop::current().begin(Box::pin(task), None);
    Ok(promise)
}
