//! The operations of `node:child_process`: children and local sockets of `twinloop_web::children`, as host objects. Loop thread only.
//!
//! A child, and a read or write that is under way, keeps the program alive as long as the object is referenced (`ref`, `unref`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::time::Duration;

use twinloop_loop::{Hold, Loop, duplicate, take_inherited};
use twinloop_web::children::blocking::{Exceeded, Limits};
use twinloop_web::children::{self, Options, Pipe, Status, Stdio};

use crate::builtins::errno::refused;
use crate::builtins::permissions::limits;
use crate::engine::{Arguments, Bytes, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("childKill", 2, kill),
    Op::new("childReference", 2, reference_child),
    Op::new("childRun", 12, run),
    Op::new("childStart", 8, start),
    Op::new("descriptorKind", 1, descriptor_kind),
    Op::new("pipeClose", 1, close_pipe),
    Op::new("pipeEnd", 1, end_pipe),
    Op::new("pipeInherited", 1, inherited_pipe),
    Op::new("pipeNumber", 1, pipe_number),
    Op::new("pipeRead", 2, read_pipe),
    Op::new("pipeReceive", 2, receive_pipe),
    Op::new("pipeReference", 2, reference_pipe),
    Op::new("pipeSend", 3, send_pipe),
    Op::new("pipeTake", 1, take_descriptor),
    Op::new("pipeWrite", 2, write_pipe),
];

/// Keeps the program alive while something is under way, unless it is not to.
struct Liveness {
    referenced: Cell<bool>,
    under_way: Cell<u32>,
    hold: RefCell<Option<Hold>>,
}

impl Liveness {
    fn new() -> Rc<Liveness> {
        Rc::new(Liveness {
            referenced: Cell::new(true),
            under_way: Cell::new(0),
            hold: RefCell::default(),
        })
    }

    fn update(&self) {
        let wanted = self.referenced.get() && self.under_way.get() > 0;
        if wanted == self.hold.borrow().is_some() {
            return;
        }
        let hold = wanted.then(|| Loop::current().hold());
        let old = self.hold.replace(hold);
        drop(old);
    }

    fn reference(&self, referenced: bool) {
        self.referenced.set(referenced);
        self.update();
    }

    fn begin(self: &Rc<Self>) -> UnderWay {
        self.under_way.set(self.under_way.get() + 1);
        self.update();
        UnderWay(Rc::clone(self))
    }
}

struct UnderWay(Rc<Liveness>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.set(self.0.under_way.get() - 1);
        self.0.update();
    }
}

/// A promise for the future's outcome, which keeps the program alive as `liveness` says.
fn promise<'s, T: IntoJs>(
    scope: &Scope<'s>,
    liveness: &Rc<Liveness>,
    future: impl Future<Output = Result<T, Error>> + 'static,
) -> Result<Local<'s>, Error> {
    let (promise, resolver) = scope.promise()?;
    let under_way = liveness.begin();
    let future = Box::pin(future);
    let task = async move {
        let outcome = future.await;
        // The program may end with what it does now.
        drop(under_way);
        resolver.settle(outcome);
    };
    Loop::current().begin(Box::pin(task), None);
    Ok(promise)
}

// ---- children -----------------------------------------------------------------------------------------------------

struct RunningChild(Rc<Liveness>);

/// The strings of an array.
fn strings<T: From<String>>(scope: &Scope<'_>, array: Local<'_>) -> Result<Vec<T>, Error> {
    let strings = scope.strings_of(array)?;
    Ok(strings.into_iter().map(T::from).collect())
}

/// The first eight arguments of `childStart` and `childRun`.
fn options_of(scope: &Scope<'_>, arguments: &Arguments<'_>) -> Result<Options, Error> {
    let mut environment = None;
    if !arguments.get(2).is_undefined() {
        let texts: Vec<String> = strings(scope, arguments.get(2))?;
        let mut pairs = Vec::with_capacity(texts.len() / 2);
        let mut texts = texts.into_iter();
        while let (Some(name), Some(value)) = (texts.next(), texts.next()) {
            pairs.push((name.into(), value.into()));
        }
        environment = Some(pairs);
    }
    let directory = arguments.get(3);
    let number = |index: usize| -> Result<Option<u32>, Error> {
        let value = arguments.get(index);
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        // Negative numbers are what the system makes of them.
        Ok(Some(scope.int32_of(value)?.cast_unsigned()))
    };
    let stdio = arguments.get(7);
    let stdio = (0..scope.array_length(stdio)?)
        .map(|index| {
            let value = scope.get(stdio, index)?;
            Ok(match scope.int32_of(value)? {
                -1 => Stdio::Ignore,
                -2 => Stdio::Pipe,
                number => Stdio::Descriptor(number),
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let file = scope.string_of(arguments.get(0))?;
    limits(scope).run(&file)?;
    Ok(Options {
        file: file.into(),
        arguments: strings(scope, arguments.get(1))?,
        environment,
        directory: if directory.is_undefined() {
            None
        } else {
            Some(scope.string_of(directory)?.into())
        },
        user: number(4)?,
        group: number(5)?,
        detached: scope.bool_of(arguments.get(6)),
        stdio,
    })
}

/// `childStart(file, args, environment, directory, user, group, detached, stdio)`: `[child, pid, pipes, ended]`.
fn start<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let options = options_of(scope, &arguments)?;
    let mut child = children::start(&options).map_err(|error| refused(&error, "spawn"))?;
    let pid = scope.number(child.id().into());
    let pipes = std::mem::take(&mut child.pipes)
        .into_iter()
        .map(|pipe| match pipe {
            Some(descriptor) => pipe_object(scope, descriptor),
            None => Ok(Local::undefined()),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let liveness = Liveness::new();
    let ended = promise(scope, &liveness, async move {
        let status = child.ended().await;
        let Status { code, signal } = status.map_err(|error| refused(&error, "waitpid"))?;
        Ok((code, signal))
    })?;
    let child = scope.host_object(Rc::new(RunningChild(liveness)))?;
    scope.array(&[child, pid, scope.array(&pipes)?, ended])
}

/// `childReference(child, referenced)`
fn reference_child<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let child = scope.expect_host::<RunningChild>(arguments.get(0), "a child")?;
    child.0.reference(scope.bool_of(arguments.get(1)));
    Ok(Local::undefined())
}

/// `childKill(pid, signal)`, both numbers.
fn kill<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let id = scope.int32_of(arguments.get(0))?;
    let signal = scope.int32_of(arguments.get(1))?;
    // Signal 0 asks whether there is such a process.
    if signal != 0 && id.unsigned_abs() != std::process::id() {
        limits(scope).signals()?;
    }
    children::kill(id, signal).map_err(|error| refused(&error, "kill"))?;
    Ok(Local::undefined())
}

/// `childRun(..., inputs, milliseconds, limit, signal)`: `[pid, code, signal, output, exceeded]`.
fn run<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let options = options_of(scope, &arguments)?;
    let inputs = arguments.get(8);
    let inputs = (0..scope.array_length(inputs)?)
        .map(|index| {
            let input = scope.get(inputs, index)?;
            if input.is_undefined() {
                Ok(Vec::new())
            } else {
                scope.bytes_of(input)
            }
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let milliseconds = scope.number_of(arguments.get(9))?;
    let limit = scope.number_of(arguments.get(10))?;
    let limits = Limits {
        time: (milliseconds > 0.0)
            .then(|| Duration::try_from_secs_f64(milliseconds / 1000.0).unwrap_or(Duration::MAX)),
        // Infinity is the largest number.
        output: limit as usize,
        signal: scope.int32_of(arguments.get(11))?,
    };
    let finished = children::blocking::run(&options, inputs, &limits)
        .map_err(|error| refused(&error, "spawnSync"))?;
    let output = finished
        .output
        .into_iter()
        .map(|bytes| bytes.map_or_else(|| Ok(Local::null()), |bytes| scope.uint8_array(bytes)))
        .collect::<Result<Vec<_>, _>>()?;
    let number = |number: Option<i32>| number.map_or_else(Local::null, |n| scope.number(n.into()));
    let exceeded = match finished.exceeded {
        None => 0,
        Some(Exceeded::Time) => libc::ETIMEDOUT,
        Some(Exceeded::Output) => libc::ENOBUFS,
    };
    scope.array(&[
        scope.number(finished.id.into()),
        number(finished.status.code),
        number(finished.status.signal),
        scope.array(&output)?,
        scope.number(exceeded.into()),
    ])
}

// ---- pipes --------------------------------------------------------------------------------------------------------

/// How much one read may take (rule BOUNDED).
const LARGEST_READ: usize = 1 << 20;

struct OpenPipe {
    pipe: Rc<Pipe>,
    reads: Rc<Liveness>,
    writes: Rc<Liveness>,
    /// Descriptors that came along, in their order.
    received: Rc<RefCell<VecDeque<OwnedFd>>>,
}

/// A descriptor that another process sent, until somebody takes it over. Dropping it closes it.
pub(crate) struct Received(RefCell<Option<OwnedFd>>);

impl Received {
    /// The descriptor of a host object.
    pub(crate) fn take(scope: &Scope<'_>, object: Local<'_>) -> Result<io::Result<OwnedFd>, Error> {
        let received = scope.expect_host::<Received>(object, "a descriptor")?;
        let descriptor = received.0.borrow_mut().take();
        Ok(descriptor.ok_or_else(|| io::Error::from_raw_os_error(libc::EBADF)))
    }
}

fn pipe_object<'s>(scope: &Scope<'s>, descriptor: OwnedFd) -> Result<Local<'s>, Error> {
    let pipe = Pipe::new(descriptor).map_err(|error| refused(&error, "open"))?;
    scope.host_object(Rc::new(OpenPipe {
        pipe: Rc::new(pipe),
        reads: Liveness::new(),
        writes: Liveness::new(),
        received: Rc::default(),
    }))
}

fn pipe_of<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Rc<OpenPipe>, Error> {
    scope.expect_host::<OpenPipe>(arguments.get(0), "a pipe")
}

/// `pipeInherited(number)`: the socket that whoever started this process left open under this number.
fn inherited_pipe<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(0))?;
    let descriptor = take_inherited(number).map_err(|error| refused(&error, "open"))?;
    pipe_object(scope, descriptor)
}

/// `pipeNumber(pipe)`
fn pipe_number<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(scope.number(pipe_of(scope, &arguments)?.pipe.number().into()))
}

/// `pipeRead(pipe, most)`: a promise for the next bytes; none at the end.
fn read_pipe<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = pipe_of(scope, &arguments)?;
    let most = (scope.number_of(arguments.get(1))? as usize).clamp(1, LARGEST_READ);
    let pipe = Rc::clone(&open.pipe);
    promise(scope, &open.reads, async move {
        let bytes = pipe.read(most).await;
        bytes.map(Bytes).map_err(|error| refused(&error, "read"))
    })
}

/// `pipeReceive(pipe, most)`: as `pipeRead`; descriptors that come along are there for `pipeTake`.
fn receive_pipe<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = pipe_of(scope, &arguments)?;
    let most = (scope.number_of(arguments.get(1))? as usize).clamp(1, LARGEST_READ);
    let pipe = Rc::clone(&open.pipe);
    let received = Rc::clone(&open.received);
    promise(scope, &open.reads, async move {
        let (bytes, descriptors) =
            (pipe.receive(most).await).map_err(|error| refused(&error, "read"))?;
        received.borrow_mut().extend(descriptors);
        Ok(Bytes(bytes))
    })
}

/// `pipeTake(pipe)`: the next descriptor that came along, or undefined.
fn take_descriptor<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = pipe_of(scope, &arguments)?;
    let descriptor = open.received.borrow_mut().pop_front();
    match descriptor {
        Some(descriptor) => scope.host_object(Rc::new(Received(RefCell::new(Some(descriptor))))),
        None => Ok(Local::undefined()),
    }
}

/// `descriptorKind(descriptor)`: `connection`, or `listener` for a socket that has no peer.
fn descriptor_kind<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let received = scope.expect_host::<Received>(arguments.get(0), "a descriptor")?;
    let descriptor = received.0.borrow();
    let has_peer = (descriptor.as_ref())
        .is_some_and(|descriptor| matches!(rustix::net::getpeername(descriptor), Ok(Some(_))));
    scope.string(if has_peer { "connection" } else { "listener" })
}

/// `pipeWrite(pipe, bytes)`: a promise for the end of it.
fn write_pipe<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    write_with(scope, &arguments, None)
}

/// `pipeSend(pipe, bytes, number)`: as `pipeWrite`, with a descriptor of this number for who reads.
fn send_pipe<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let number = scope.int32_of(arguments.get(2))?;
    let descriptor = duplicate(number).map_err(|error| refused(&error, "write"))?;
    write_with(scope, &arguments, Some(descriptor))
}

fn write_with<'s>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
    descriptor: Option<OwnedFd>,
) -> Result<Local<'s>, Error> {
    let open = pipe_of(scope, arguments)?;
    let content = arguments.get(1);
    let bytes = if content.is_string() {
        scope.string_of(content)?.into_bytes()
    } else {
        scope.bytes_of(content)?
    };
    let pipe = Rc::clone(&open.pipe);
    promise(scope, &open.writes, async move {
        let written = pipe.send(&bytes, descriptor).await;
        written.map_err(|error| refused(&error, "write"))
    })
}

/// `pipeEnd(pipe)`: nothing more will be written.
fn end_pipe<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    pipe_of(scope, &arguments)?.pipe.end();
    Ok(Local::undefined())
}

/// `pipeClose(pipe)`
fn close_pipe<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    pipe_of(scope, &arguments)?.pipe.close();
    Ok(Local::undefined())
}

/// `pipeReference(pipe, referenced)`: whether a read keeps the program alive; a write always does.
fn reference_pipe<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = pipe_of(scope, &arguments)?;
    open.reads.reference(scope.bool_of(arguments.get(1)));
    Ok(Local::undefined())
}
