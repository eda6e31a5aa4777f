//! Standard input for `process.stdin`: read on the loop where it can be waited for (pipes, terminals, sockets), at once where it cannot
//! (files). One read at a time; a read that waits can be given up, so that a paused program may end. Loop thread only.

use std::cell::RefCell;
use std::fs::File;
use std::future::{Future, poll_fn};
use std::io::{self, IsTerminal, Read};
use std::os::fd::AsRawFd;
use std::pin::pin;
use std::task::Poll;

use rustix::termios::{OptionalActions, OutputModes, Termios, tcgetattr, tcsetattr};
use tokio::sync::oneshot;
use twinloop_loop::{Loop, Mode, Source};

use crate::builtins::errno::refused_in_words;
use crate::engine::{Arguments, Bytes, Error, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("isInputTerminal", 0, is_input_terminal),
    Op::new("readInput", 1, read_input),
    Op::new("setRawInput", 1, set_raw_input),
    Op::new("stopInput", 0, stop_input),
];

/// The terminal's settings as the program found them, while it has its own.
#[derive(Default)]
struct Cooked(RefCell<Option<Termios>>);

/// `setRawInput(on)`: whether keys come one by one and unseen, or lines that the terminal lets the user edit. True if it is a terminal.
fn set_raw_input<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let cooked = scope.state::<Cooked>();
    let set = |settings: &Termios| {
        tcsetattr(io::stdin(), OptionalActions::Now, settings)
            .map_err(|error| refused_in_words(&error.into(), "read"))
    };
    if !scope.bool_of(arguments.get(0)) {
        if let Some(settings) = cooked.0.take() {
            set(&settings)?;
        }
        return Ok(Local::boolean(true));
    }
    let Ok(found) = tcgetattr(io::stdin()) else {
        return Ok(Local::boolean(false));
    };
    let mut raw = found.clone();
    raw.make_raw();
    // What the program writes still starts in the first column.
    raw.output_modes |= OutputModes::OPOST | OutputModes::ONLCR;
    set(&raw)?;
    cooked.0.borrow_mut().get_or_insert(found);
    Ok(Local::boolean(true))
}

/// Gives up the read that waits.
#[derive(Default)]
struct Waiting(RefCell<Option<oneshot::Sender<()>>>);

/// `readInput(most)`: a promise for the next bytes, none at the end; for undefined when `stopInput` came first.
fn read_input<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let most = scope.number_of(arguments.get(0))? as usize;
    let (give_up, given_up) = oneshot::channel();
    scope.state::<Waiting>().0.replace(Some(give_up));
    scope.promise_from_future(async move {
        // A number of its own, so that the program may close 0.
        let input = rustix::io::dup(io::stdin())
            .map_err(|error| refused_in_words(&error.into(), "read"))?;
        // The source before the descriptor that it names.
        let mut input = File::from(input);
        let readable = Mode::Level {
            read: true,
            write: false,
        };
        // A file cannot be waited for, and needs no waiting.
        if let Ok(source) = Loop::current().register(input.as_raw_fd(), readable)
            && !readable_unless(&source, given_up).await
        {
            return Ok(None);
        }
        let mut bytes = vec![0; most];
        let count = loop {
            match input.read(&mut bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result.map_err(|error| refused_in_words(&error, "read"))?,
            }
        };
        bytes.truncate(count);
        Ok(Some(Bytes(bytes)))
    })
}

/// Whether the source became readable before the read was given up.
async fn readable_unless(source: &Source, given_up: oneshot::Receiver<()>) -> bool {
    let mut given_up = pin!(given_up);
    poll_fn(|context| {
        if given_up.as_mut().poll(context).is_ready() {
            return Poll::Ready(false);
        }
        source.poll_readable(context).map(|()| true)
    })
    .await
}

/// `stopInput()`
fn stop_input<'s>(scope: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    scope.state::<Waiting>().0.take();
    Ok(Local::undefined())
}

/// `isInputTerminal()`
fn is_input_terminal<'s>(_: &Scope<'s>, _: Arguments<'s>) -> Result<Local<'s>, Error> {
    Ok(Local::boolean(io::stdin().is_terminal()))
}
