//! What JavaScript names by number: servers, exchanges and sockets of a context. A number is never used twice, so that one that is kept too long
//! means nothing and not somebody else's.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use slab::Slab;
use twinloop_loop::net::Listener;
use twinloop_web::server::{Exchange, Socket, SocketOptions};

use super::listening::Listening;
use super::sockets::Topics;
use crate::engine::{Context, Error, Local, Scope, Slot};

/// Numbers are of a place (the low bits) and of how many came before; both fit into a double's 53 bits.
const PLACES: u64 = 1 << 21;

/// Things by their numbers.
pub(super) struct Table<T> {
    slab: RefCell<Slab<(u64, Rc<T>)>>,
    serial: Cell<u64>,
}

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table {
            slab: RefCell::default(),
            serial: Cell::new(0),
        }
    }
}

impl<T> Table<T> {
    pub(super) fn insert(&self, value: Rc<T>) -> f64 {
        let serial = self.serial.get() + 1;
        self.serial.set(serial);
        let place = self.slab.borrow_mut().insert((serial, value));
        (serial * PLACES + place as u64) as f64
    }

    pub(super) fn get(&self, number: f64) -> Option<Rc<T>> {
        let (serial, place) = parts(number);
        let slab = self.slab.borrow();
        let (own, value) = slab.get(place)?;
        (*own == serial).then(|| Rc::clone(value))
    }

    pub(super) fn remove(&self, number: f64) -> Option<Rc<T>> {
        let (serial, place) = parts(number);
        let slab = &mut *self.slab.borrow_mut();
        (slab.get(place)?.0 == serial).then(|| slab.remove(place).1)
    }
}

fn parts(number: f64) -> (u64, usize) {
    let number = number as u64;
    (number / PLACES, (number % PLACES) as usize)
}

/// The servers of a context; see `Scope::state`.
#[derive(Default)]
pub(super) struct Servers {
    pub(super) listening: Table<Listening>,
    pub(super) exchanges: Table<Exchange>,
    pub(super) sockets: Table<Socket>,
    /// Sockets that other processes listen at.
    pub(super) bound: RefCell<Vec<Listener>>,
    pub(super) topics: RefCell<Topics>,
    /// Of the WebSocket that was accepted last: those of one server share them.
    pub(super) socket_options: RefCell<Rc<SocketOptions>>,
    pub(super) receivers: RefCell<Vec<Slot>>,
}

/// The functions that hear of everything, at their places in the array that `serverSetReceivers` takes.
#[derive(Clone, Copy)]
pub(super) enum Heard {
    /// `(server, exchange, method, target, fields, flags)`
    Request,
    /// `(object, message)`
    Message,
    /// `(object)`
    Drained,
    /// `(object, code, reason, wasClean, address)`
    Closed,
    /// `(object, bytes)`
    Pinged,
    /// `(object, bytes)`
    Ponged,
}

/// Calls JavaScript, in an entry of the turn; what it throws is an uncaught error.
pub(super) fn tell(
    context: &Context,
    heard: Heard,
    arguments: impl for<'s> FnOnce(&Scope<'s>) -> Result<Vec<Local<'s>>, Error>,
) {
    if !context.is_open() || context.is_stopped() {
        return;
    }
    context.enter(|scope| {
        let outcome = (|| {
            let servers = scope.state::<Servers>();
            let function =
                (servers.receivers.borrow().get(heard as usize)).map(|slot| scope.local(slot));
            let Some(function) = function else {
                return Ok(());
            };
            let arguments = arguments(scope)?;
            scope.call(function, Local::undefined(), &arguments)?;
            Ok(())
        })();
        if let Err(error) = outcome {
            scope.report_uncaught(error);
        }
    });
}
