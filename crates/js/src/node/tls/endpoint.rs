//! One end of a TLS connection: what stands between a socket of `node:net` and JavaScript.
//!
//! Bytes that a socket brings are decrypted here and given to JavaScript once, as a socket of its own would; what JavaScript writes is encrypted and queued
//! at the socket. Without a socket (a stream of the program's) JavaScript brings the bytes and is given what is to be sent. Events are told in the
//! order in which they happened, each while nothing of the connection is borrowed: whoever hears of one may write, read, or close.
//!
//! BOUNDED: a socket is read only while the handshake goes on or JavaScript wants more; what is written before the handshake is done waits here, and
//! the stream that wrote it waits too. Loop thread only.

use std::cell::{Cell, RefCell};
use std::io;
use std::rc::{Rc, Weak};

use twinloop_web::tls::hello::{Heard, Hello};
use twinloop_web::tls::{Connection, Event, Fault, PskIdentity, Reading};

use crate::builtins::errno::errno_of;
use crate::engine::{Context, Error, Local, Scope, Slot};
use crate::node::net::receivers::Receivers;
use crate::node::net::sockets::{Filter, Socket};

/// The most that JavaScript is given at once.
const READ_SIZE: usize = 64 * 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The functions that hear of everything, at their places in the array that `tlsSetReceiver` takes.
#[derive(Clone, Copy)]
pub(super) enum Told {
    /// `(object, what, first, second)`: see [`Happening`].
    Happened,
    /// `(object, bytes or undefined)`: plain bytes came, or the end.
    Received,
    /// `(object)`: everything has been sent.
    Drained,
    /// `(object, errno, isRead)`: the socket failed.
    Failed,
    /// `(object, message, library, function, reason, isWrite)`: the library gave up.
    Faulted,
    /// `(object, bytes)`: this is to be sent.
    Output,
    /// `(object, isServer, hint or identity)`: who the client is, or the key of one; what it returns counts.
    Asked,
}

/// What happened, by the numbers that JavaScript knows.
#[derive(Clone, Copy)]
enum Happening {
    /// The client said what it wants; nothing goes on before `tlsRelease`.
    Hello,
    /// The handshake is done.
    Secured,
    /// A line of a log of keys.
    Key,
    /// A session that may be resumed: its identifier and itself.
    Session,
    /// What the server says of its certificate's state.
    Stapled,
    /// The client begins another handshake.
    Renegotiation,
}

/// One end of a connection.
pub(super) struct Endpoint {
    connection: RefCell<Option<Connection>>,
    is_server: bool,
    socket: RefCell<Option<Rc<Socket>>>,
    context: Context,
    object: RefCell<Option<Slot>>,
    has_started: Cell<bool>,
    /// JavaScript wants to know what the client says before the handshake goes on.
    wants_hello: Cell<bool>,
    waits_for_release: Cell<bool>,
    pub(super) hello: RefCell<Option<Hello>>,
    is_reading: Cell<bool>,
    /// Whether the socket is read, as far as this has said it.
    reads_socket: Cell<Option<bool>>,
    /// The other end has ended, with or without saying so.
    is_at_end: Cell<bool>,
    has_told_end: Cell<bool>,
    has_failed: Cell<bool>,
    /// Nothing more is written, so nothing is wrong when nobody takes it.
    is_shut_down: Cell<bool>,
    /// The client began another handshake, which goes on while it is read from.
    is_renegotiating: Cell<bool>,
    /// What was written before it could be encrypted.
    pending: RefCell<Vec<u8>>,
    /// JavaScript waits for what it wrote.
    waits_for_drain: Cell<bool>,
    is_working: Cell<bool>,
    has_more_work: Cell<bool>,
    is_closed: Cell<bool>,
}

impl Endpoint {
    pub(super) fn new(
        scope: &Scope<'_>,
        object: Local<'_>,
        connection: Connection,
        is_server: bool,
    ) -> Rc<Endpoint> {
        Rc::new(Endpoint {
            connection: RefCell::new(Some(connection)),
            is_server,
            socket: RefCell::default(),
            context: scope.context(),
            object: RefCell::new(Some(scope.persist(object))),
            // A server waits for the client's first message, and needs nobody to tell it.
            has_started: Cell::new(is_server),
            wants_hello: Cell::default(),
            waits_for_release: Cell::default(),
            hello: RefCell::default(),
            is_reading: Cell::default(),
            reads_socket: Cell::default(),
            is_at_end: Cell::default(),
            has_told_end: Cell::default(),
            has_failed: Cell::default(),
            is_shut_down: Cell::default(),
            is_renegotiating: Cell::default(),
            pending: RefCell::default(),
            waits_for_drain: Cell::default(),
            is_working: Cell::default(),
            has_more_work: Cell::default(),
            is_closed: Cell::default(),
        })
    }

    pub(super) fn join(self: &Rc<Self>, socket: Rc<Socket>) {
        socket.set_filter(Rc::new(EndpointFilter(Rc::downgrade(self))));
        self.reads_socket.set(None);
        *self.socket.borrow_mut() = Some(socket);
    }

    pub(super) fn is_server(&self) -> bool {
        self.is_server
    }

    /// Something with the connection; `None` when it is closed, or the library is at work in it.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut Connection) -> R) -> Option<R> {
        let mut connection = self.connection.try_borrow_mut().ok()?;
        connection.as_mut().map(work)
    }

    pub(super) fn want_hello(&self) {
        self.wants_hello.set(true);
    }

    /// The library asks JavaScript, in the middle of its work.
    pub(super) fn answer_psk(self: &Rc<Self>) {
        let endpoint = Rc::downgrade(self);
        self.with(|connection| {
            let hooks = connection.hooks();
            if self.is_server {
                hooks.set_psk_server(Rc::new(move |identity| {
                    endpoint.upgrade()?.ask(Some(identity), |scope, answer| {
                        Ok(Some(scope.bytes_of(answer)?))
                    })
                }));
            } else {
                hooks.set_psk_client(Rc::new(move |hint| {
                    endpoint.upgrade()?.ask(hint, |scope, answer| {
                        let identity = scope.bytes_of(scope.get(answer, 0)?)?;
                        let key = scope.bytes_of(scope.get(answer, 1)?)?;
                        Ok(Some(PskIdentity { identity, key }))
                    })
                }));
            }
        });
    }

    fn ask<T>(
        &self,
        question: Option<&[u8]>,
        read: impl FnOnce(&Scope<'_>, Local<'_>) -> Result<Option<T>, Error>,
    ) -> Option<T> {
        let mut found = None;
        self.tell_and(
            Told::Asked,
            |scope| {
                let question = match question {
                    Some(bytes) => scope.uint8_array_copy(bytes)?,
                    None => Local::undefined(),
                };
                Ok(vec![Local::boolean(self.is_server), question])
            },
            |scope, answer| {
                if !answer.is_undefined() {
                    found = read(scope, answer)?;
                }
                Ok(())
            },
        );
        found
    }

    // ---- telling --------------------------------------------------------------------------------------------------

    fn tell(
        &self,
        told: Told,
        rest: impl for<'s> FnOnce(&Scope<'s>) -> Result<Vec<Local<'s>>, Error>,
    ) {
        self.tell_and(told, rest, |_, _| Ok(()));
    }

    fn tell_and(
        &self,
        told: Told,
        rest: impl for<'s> FnOnce(&Scope<'s>) -> Result<Vec<Local<'s>>, Error>,
        then: impl for<'s> FnOnce(&Scope<'s>, Local<'s>) -> Result<(), Error>,
    ) {
        if !self.is_closed.get() {
            Receivers::<Told>::ask(&self.context, &self.object, told as usize, rest, then);
        }
    }

    fn tell_happening(
        &self,
        what: Happening,
        rest: impl for<'s> FnOnce(&Scope<'s>) -> Result<Vec<Local<'s>>, Error>,
    ) {
        self.tell(Told::Happened, |scope| {
            let mut arguments = vec![scope.number(f64::from(what as u8))];
            arguments.extend(rest(scope)?);
            Ok(arguments)
        });
    }

    fn tell_events(&self) {
        let events = self.with(|connection| connection.hooks().take_events());
        for event in events.unwrap_or_default() {
            match event {
                Event::Key(line) => self.tell_happening(Happening::Key, |scope| {
                    Ok(vec![scope.uint8_array_copy(line.as_bytes())?])
                }),
                Event::Session(id, session) => self.tell_happening(Happening::Session, |scope| {
                    Ok(vec![scope.uint8_array(id)?, scope.uint8_array(session)?])
                }),
                Event::Stapled(answer) => self.tell_happening(Happening::Stapled, |scope| {
                    Ok(match answer {
                        Some(answer) => vec![scope.uint8_array(answer)?],
                        None => vec![],
                    })
                }),
            }
        }
    }

    fn fault(&self, fault: &Fault, is_write: bool) {
        if self.has_failed.replace(true) {
            return;
        }
        self.pending.borrow_mut().clear();
        self.tell(Told::Faulted, |scope| {
            let optional = |text: &Option<String>| match text {
                Some(text) => scope.string(text),
                None => Ok(Local::undefined()),
            };
            Ok(vec![
                scope.string(&fault.message)?,
                optional(&fault.library)?,
                optional(&fault.function)?,
                optional(&fault.reason)?,
                Local::boolean(is_write),
            ])
        });
    }

    // ---- work -----------------------------------------------------------------------------------------------------

    pub(super) fn start(self: &Rc<Self>) {
        self.has_started.set(true);
        self.advance();
    }

    pub(super) fn release(self: &Rc<Self>) {
        self.waits_for_release.set(false);
        self.advance();
    }

    pub(super) fn read(self: &Rc<Self>, on: bool) {
        self.is_reading.set(on);
        self.advance();
    }

    /// What a stream of the program's brought.
    pub(super) fn receive(self: &Rc<Self>, bytes: &[u8]) {
        self.with(|connection| connection.feed(bytes));
        self.advance();
    }

    pub(super) fn end(self: &Rc<Self>) {
        self.is_at_end.set(true);
        self.advance();
    }

    /// Does what can be done. Whoever hears of it may ask for more, which is done after it.
    fn advance(self: &Rc<Self>) {
        if self.is_working.get() {
            self.has_more_work.set(true);
            return;
        }
        self.is_working.set(true);
        loop {
            self.has_more_work.set(false);
            while self.step() {}
            if !self.has_more_work.get() {
                break;
            }
        }
        self.is_working.set(false);
        self.let_go_if_closed();
        self.update_reading();
    }

    /// One piece of work; true if there may be another.
    fn step(&self) -> bool {
        if self.is_closed.get() || self.has_failed.get() || !self.has_started.get() {
            return false;
        }
        if self.waits_for_release.get() {
            return false;
        }
        let is_done = self.with(|connection| connection.is_done());
        match is_done {
            None => false,
            Some(false) => self.shake_hands(),
            Some(true) if !self.pending.borrow().is_empty() => self.write_pending(),
            Some(true) => self.read_some(),
        }
    }

    fn shake_hands(&self) -> bool {
        if self.wants_hello.get() {
            let heard = self.with(Connection::hear);
            match heard {
                Some(Heard::Incomplete) => return self.end_if_at_end(),
                Some(Heard::Hello(hello)) => {
                    self.wants_hello.set(false);
                    *self.hello.borrow_mut() = Some(hello);
                    self.waits_for_release.set(true);
                    self.tell_happening(Happening::Hello, |_| Ok(vec![]));
                    return true;
                }
                Some(Heard::Other) | None => self.wants_hello.set(false),
            }
        }
        let outcome = self.with(Connection::handshake);
        if let Some(Ok(true)) = outcome {
            self.tell_events();
            // Before the last message leaves: who hears of it may refuse the other end, which then must not take the connection for one.
            self.tell_happening(Happening::Secured, |_| Ok(vec![]));
            self.send_outgoing();
            return true;
        }
        self.send_outgoing();
        self.tell_events();
        match outcome {
            Some(Ok(true)) => true,
            Some(Ok(false)) => self.end_if_at_end(),
            Some(Err(fault)) => {
                let is_write = !self.pending.borrow().is_empty();
                self.fault(&fault, is_write);
                false
            }
            None => false,
        }
    }

    fn write_pending(&self) -> bool {
        let bytes = std::mem::take(&mut *self.pending.borrow_mut());
        let outcome = self.encrypt(&bytes);
        match outcome {
            Ok(taken) if taken == bytes.len() => {
                if self.send_outgoing() {
                    self.drained();
                }
                true
            }
            Ok(taken) => {
                self.pending
                    .borrow_mut()
                    .splice(0..0, bytes[taken..].iter().copied());
                self.send_outgoing();
                // The other end has to speak first.
                self.read_some()
            }
            Err(fault) => {
                self.send_outgoing();
                self.fault(&fault, true);
                false
            }
        }
    }

    fn read_some(&self) -> bool {
        if !self.is_reading.get() || self.has_told_end.get() {
            return false;
        }
        if self.is_server
            && self
                .with(Connection::take_handshakes)
                .is_some_and(|count| count > 0)
            && !self.is_renegotiating.replace(true)
        {
            self.tell_happening(Happening::Renegotiation, |_| Ok(vec![]));
            if self.is_closed.get() {
                return false;
            }
        }
        // Taken, as the library may ask JavaScript while it reads, which may read from another connection.
        let mut buffer = BUFFER.take();
        buffer.resize(READ_SIZE, 0);
        let outcome = self.with(|connection| connection.read(&mut buffer));
        let Some((count, outcome)) = outcome else {
            BUFFER.set(buffer);
            return false;
        };
        let bytes = buffer[..count].to_vec();
        BUFFER.set(buffer);
        self.send_outgoing();
        self.tell_events();
        if self.is_renegotiating.get()
            && self.with(|connection| connection.is_shaking_hands()) == Some(false)
        {
            self.is_renegotiating.set(false);
            self.tell_happening(Happening::Secured, |_| Ok(vec![]));
        }
        if count > 0 {
            self.tell(Told::Received, |scope| Ok(vec![scope.uint8_array(bytes)?]));
        }
        match outcome {
            Ok(Reading::More) => true,
            Ok(Reading::Waits) => self.end_if_at_end(),
            Ok(Reading::Ended) => {
                self.tell_end();
                false
            }
            Err(fault) => {
                self.fault(&fault, false);
                false
            }
        }
    }

    /// Everything that came has been read.
    fn end_if_at_end(&self) -> bool {
        if self.is_at_end.get() {
            self.tell_end();
        }
        false
    }

    fn tell_end(&self) {
        if !self.has_told_end.replace(true) {
            self.tell(Told::Received, |_| Ok(vec![]));
        }
    }

    /// Gives the socket what the library wants sent; false if JavaScript should wait until it has left.
    fn send_outgoing(&self) -> bool {
        let bytes = self.with(Connection::take_outgoing).unwrap_or_default();
        if bytes.is_empty() {
            return true;
        }
        let socket = self.socket.borrow().clone();
        let Some(socket) = socket else {
            self.tell(Told::Output, |scope| Ok(vec![scope.uint8_array(bytes)?]));
            return true;
        };
        let outcome = socket.send(&bytes);
        self.with(|connection| connection.give_back(bytes));
        match outcome {
            Ok(sent) => sent,
            Err(error) => {
                self.socket_failed(&error, false);
                false
            }
        }
    }

    fn encrypt(&self, bytes: &[u8]) -> Result<usize, Fault> {
        let mut taken = 0;
        while taken < bytes.len() {
            let end = bytes.len().min(taken + READ_SIZE);
            match self.with(|connection| connection.write(&bytes[taken..end])) {
                Some(Ok(true)) => taken = end,
                Some(Ok(false)) | None => break,
                Some(Err(fault)) => return Err(fault),
            }
            // A large write leaves in pieces, as memory for all of it at once would be its size again.
            if end < bytes.len() {
                self.send_outgoing();
            }
        }
        Ok(taken)
    }

    /// 0 when it may be taken as sent, 1 when JavaScript will be told, or the error's number.
    pub(super) fn write(self: &Rc<Self>, bytes: &[u8]) -> i32 {
        if self.is_closed.get() {
            return -libc::EBADF;
        }
        if self.has_failed.get() {
            return -libc::EPIPE;
        }
        let is_ready = self.with(|connection| connection.is_done()) == Some(true);
        if !is_ready || !self.pending.borrow().is_empty() {
            self.pending.borrow_mut().extend_from_slice(bytes);
            self.waits_for_drain.set(true);
            if !self.has_started.get() {
                // A client that nobody told to begin has something to say.
                self.start();
            }
            return 1;
        }
        match self.encrypt(bytes) {
            Ok(taken) => {
                self.pending.borrow_mut().extend_from_slice(&bytes[taken..]);
                let is_sent = self.send_outgoing();
                if self.has_failed.get() {
                    return -libc::EPIPE;
                }
                if is_sent && taken == bytes.len() {
                    return 0;
                }
                self.waits_for_drain.set(true);
                1
            }
            Err(_) => {
                self.has_failed.set(true);
                self.send_outgoing();
                -libc::EPROTO
            }
        }
    }

    /// Nothing more will be written; as [`Endpoint::write`].
    pub(super) fn shut_down(&self) -> i32 {
        self.is_shut_down.set(true);
        self.with(Connection::close);
        self.send_outgoing();
        let socket = self.socket.borrow().clone();
        let Some(socket) = socket else { return 0 };
        match socket.end_sending() {
            Ok(true) => 0,
            Ok(false) => {
                self.waits_for_drain.set(true);
                1
            }
            // The other end was faster.
            Err(_) => 0,
        }
    }

    fn drained(&self) {
        if self.pending.borrow().is_empty() && self.waits_for_drain.replace(false) {
            self.tell(Told::Drained, |_| Ok(vec![]));
        }
    }

    fn socket_failed(&self, error: &io::Error, is_read: bool) {
        if self.is_shut_down.get() && !is_read {
            self.drained();
            return;
        }
        if self.has_failed.replace(true) {
            return;
        }
        let number = -errno_of(error);
        self.tell(Told::Failed, |scope| {
            Ok(vec![scope.number(number.into()), Local::boolean(is_read)])
        });
    }

    /// The socket is read while the handshake needs it or JavaScript wants more.
    fn update_reading(&self) {
        let socket = self.socket.borrow().clone();
        let Some(socket) = socket else { return };
        if !self.has_started.get() || self.is_closed.get() || self.is_at_end.get() {
            return;
        }
        let is_done = self.with(|connection| connection.is_done()) == Some(true);
        let wanted = !self.has_failed.get()
            && !self.has_told_end.get()
            && if is_done {
                self.is_reading.get()
            } else {
                !self.waits_for_release.get()
            };
        if self.reads_socket.replace(Some(wanted)) != Some(wanted) {
            // One that is not connected has nothing to read yet.
            let _ = socket.set_reading(wanted);
        }
    }

    /// Ends it. The socket is its owner's to close.
    pub(super) fn close(&self) {
        self.is_closed.set(true);
        let socket = self.socket.borrow_mut().take();
        drop(socket);
        let object = self.object.borrow_mut().take();
        drop(object);
        self.let_go_if_closed();
    }

    /// Not while the library works in it: then whoever lets it work does it after that.
    fn let_go_if_closed(&self) {
        if !self.is_closed.get() {
            return;
        }
        if let Ok(mut connection) = self.connection.try_borrow_mut() {
            let gone = connection.take();
            drop(connection);
            drop(gone);
        }
    }
}

/// What the socket tells.
struct EndpointFilter(Weak<Endpoint>);

impl Filter for EndpointFilter {
    fn take(&self, bytes: &[u8]) {
        if let Some(endpoint) = self.0.upgrade() {
            endpoint.with(|connection| connection.feed(bytes));
        }
    }

    fn received(&self) {
        if let Some(endpoint) = self.0.upgrade() {
            endpoint.advance();
        }
    }

    fn ended(&self) {
        if let Some(endpoint) = self.0.upgrade() {
            endpoint.end();
        }
    }

    fn drained(&self) {
        if let Some(endpoint) = self.0.upgrade() {
            endpoint.drained();
        }
    }

    fn failed(&self, error: &io::Error, is_read: bool) {
        if let Some(endpoint) = self.0.upgrade() {
            endpoint.socket_failed(error, is_read);
        }
    }
}
