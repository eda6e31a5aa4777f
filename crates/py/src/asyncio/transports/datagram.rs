//! Datagram transports: the native half of `_twinloop.transports.datagrams.DatagramTransport`, for UDP and AF_UNIX.
//!
//! Registered once, edge-triggered. A readable socket is read until it is empty, but never more than a burst in one entry
//! of the turn; a datagram is sent at once, and queued only while the socket is full (rule BOUNDED: `pause_writing`).
//! The Python class keeps this state in a slot and does what happens once in a transport's life. GIL held;
//! another thread may send and close, as it may in asyncio.

mod methods;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::rc::{Rc, Weak};

use pyo3::exceptions::{PyBlockingIOError, PyInterruptedError, PyOSError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use rustix::net::{AddressFamily, SocketAddrAny};
use twinloop_loop::{Entry, IoHandler, Mode, Nanos, Readiness, Source, WeakLoop};

use super::limits::{LATE_SEND, TheEnd, WriteLimits};
use super::owner::Owner;
use crate::asyncio::event_loop::{LoopCore, LoopState};
use crate::asyncio::names::addresses::{self, AddressBook};
use crate::errors::{must_leave, os_error};
use crate::ffi::buffers::{check_bytes_like, with_bytes};
use crate::ffi::context::CallbackContext;
use crate::ffi::sockets::{receive_from, transmit_to};
use crate::ffi::{self, GilBound, Object};

/// Datagrams read in one entry of the turn, so that other callbacks get their turn under any load.
const BURST: usize = 32;
/// A receiver that is full is tried again after this time, then after twice as long each time, up to the second.
const FIRST_RETRY_NS: Nanos = 50_000;
const LAST_RETRY_NS: Nanos = 2_000_000;
const FATAL_WRITE: &str = "Fatal write error on datagram transport";

/// The state in the `_state` slot of a datagram transport.
#[pyclass(frozen, module = "_twinloop._native")]
pub(crate) struct DatagramState {
    transport: GilBound<Rc<DatagramTransport>>,
}

struct DatagramTransport {
    /// This very transport, for what happens later.
    me: Weak<DatagramTransport>,
    core: Rc<LoopState>,
    event_loop: WeakLoop,
    fd: RawFd,
    family: AddressFamily,
    /// The Python socket, which closes the descriptor, and whether that is claimed still.
    sock: RefCell<Option<Object>>,
    source: RefCell<Option<Source>>,
    /// The Python transport, until `connection_lost` has been called.
    owner: Owner,
    /// The protocol. Its methods are looked up at each call, as it may replace them.
    receiver: RefCell<Option<Object>>,
    context: CallbackContext,
    /// The only address that may be sent to, if there is one.
    address: Option<Object>,
    /// The socket has a peer: what is sent needs no address.
    connected: bool,
    /// Empty datagrams are sent and not ignored.
    sends_empty: bool,
    /// What a datagram in the queue counts beyond its bytes.
    overhead: usize,
    book: AddressBook,
    queue: RefCell<VecDeque<Queued>>,
    queued: Cell<usize>,
    started: Cell<bool>,
    paused: Cell<bool>,
    closing: Cell<bool>,
    end: TheEnd,
    /// A receiver whose room is not announced is full; the next try is due.
    retries: Cell<bool>,
    retry_after: Cell<Nanos>,
    limits: WriteLimits,
}

struct Queued {
    data: Vec<u8>,
    target: Target,
}

enum Target {
    Peer,
    Address(SocketAddrAny),
    /// A name, or a rarer family: sent by Python's own socket object.
    Named(Object),
}

#[pymethods]
impl DatagramState {
    #[new]
    #[pyo3(signature = (event_loop, owner, sock, *, address, connected, sends_empty, overhead))]
    fn new(
        event_loop: &Bound<'_, LoopCore>,
        owner: Bound<'_, PyAny>,
        sock: Bound<'_, PyAny>,
        address: Option<Bound<'_, PyAny>>,
        connected: bool,
        sends_empty: bool,
        overhead: usize,
    ) -> PyResult<Self> {
        let py = event_loop.py();
        let core = Rc::clone(event_loop.get().state(py));
        core.check_thread(py)?;
        let fd: RawFd = sock.call_method0(intern!(py, "fileno"))?.extract()?;
        let family: u16 = sock.getattr(intern!(py, "family"))?.extract()?;
        let native = core.open()?;
        core.claim_for_transport(py, fd)?;
        let source = native.register(fd, Mode::Edge).map_err(|error| {
            core.release_from_transport(fd);
            os_error(py, &error)
        })?;
        let context = CallbackContext::copy_current(py)?;
        let transport = Rc::new_cyclic(|me| DatagramTransport {
            me: Weak::clone(me),
            core,
            event_loop: native.downgrade(),
            fd,
            family: AddressFamily::from_raw(family),
            sock: RefCell::new(Some(Object::new(sock))),
            source: RefCell::new(None),
            owner: Owner::new(owner),
            receiver: RefCell::new(None),
            context,
            address: address.map(Object::new),
            connected,
            sends_empty,
            overhead,
            book: AddressBook::default(),
            queue: RefCell::default(),
            queued: Cell::new(0),
            started: Cell::new(false),
            paused: Cell::new(false),
            closing: Cell::new(false),
            end: TheEnd::default(),
            retries: Cell::new(false),
            retry_after: Cell::new(FIRST_RETRY_NS),
            limits: WriteLimits::default(),
        });
        source.set_handler(Some(Rc::new(DatagramHandler(Rc::clone(&transport)))));
        transport.source.replace(Some(source));
        Ok(DatagramState {
            transport: GilBound::new(transport),
        })
    }

    /// Begins to read; called after `connection_made`.
    fn start(&self, py: Python<'_>) {
        let transport = self.transport.get(py);
        transport.started.set(true);
        transport.read_again();
    }

    /// Sends received datagrams to `protocol` from now on.
    fn set_protocol(&self, protocol: Bound<'_, PyAny>) -> PyResult<()> {
        let transport = self.transport.get(protocol.py());
        let old = transport.receiver.replace(Some(Object::new(protocol)));
        drop(old);
        Ok(())
    }

    fn pause_reading(&self, py: Python<'_>) {
        self.transport.get(py).paused.set(true);
    }

    fn resume_reading(&self, py: Python<'_>) {
        let transport = self.transport.get(py);
        transport.paused.set(false);
        transport.read_again();
        transport.core.wake_if_elsewhere(py);
    }

    fn is_reading(&self, py: Python<'_>) -> bool {
        let transport = self.transport.get(py);
        !transport.paused.get() && !transport.closing.get()
    }

    fn is_closing(&self, py: Python<'_>) -> bool {
        self.transport.get(py).closing.get()
    }

    /// What is queued, in bytes.
    fn queued(&self, py: Python<'_>) -> usize {
        self.transport.get(py).queued.get()
    }

    fn set_limits(&self, py: Python<'_>, high: usize, low: usize) -> PyResult<()> {
        let transport = self.transport.get(py);
        transport.limits.set(high, low);
        transport.pause_protocol_if_full(py)
    }

    fn limits(&self, py: Python<'_>) -> (usize, usize) {
        self.transport.get(py).limits.low_and_high()
    }

    fn is_protocol_paused(&self, py: Python<'_>) -> bool {
        self.transport.get(py).limits.is_paused()
    }

    /// Closes once everything queued has been sent.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        let transport = self.transport.get(py);
        if transport.closing.replace(true) || !transport.queue.borrow().is_empty() {
            return Ok(());
        }
        transport.end.come();
        transport.call_owner(py, "_schedule_connection_lost", py.None().into_bound(py))
    }

    /// Closes without sending what is queued; `connection_lost` is called with `error` in the next turn.
    fn force_close(&self, error: Bound<'_, PyAny>) -> PyResult<()> {
        let py = error.py();
        let transport = self.transport.get(py);
        if !transport.end.come() {
            return Ok(());
        }
        transport.closing.set(true);
        transport.clear_queue();
        transport.call_owner(py, "_schedule_connection_lost", error)
    }

    /// Ends everything at once, without a callback: after `connection_lost`, or when the loop is closed.
    fn release(&self, py: Python<'_>) {
        let transport = self.transport.get(py);
        transport.closing.set(true);
        transport.end.come();
        transport.clear_queue();
        let source = transport.source.take();
        if source.is_some() {
            transport.core.release_from_transport(transport.fd);
        }
        // The registration ends before the socket may be closed.
        drop(source);
        let references = (transport.receiver.take(), transport.sock.take());
        drop(references);
        transport.owner.release();
    }
}

impl DatagramTransport {
    fn owner(&self, py: Python<'_>) -> Option<Object> {
        self.owner.get(py)
    }

    fn call_owner(&self, py: Python<'_>, method: &str, argument: Bound<'_, PyAny>) -> PyResult<()> {
        if let Some(owner) = self.owner(py) {
            owner.bind(py).call_method1(method, (argument,))?;
        }
        Ok(())
    }

    /// Tells the protocol of an OSError, which a datagram transport survives; anything else ends it. `Err` is what must
    /// reach the caller: an exit, or what `error_received` raised.
    #[cold]
    fn failed(&self, py: Python<'_>, error: PyErr, message: &str) -> PyResult<()> {
        if error.is_instance_of::<PyOSError>(py) {
            return self.call_owner(
                py,
                "_error_received",
                error.into_value(py).into_bound(py).into_any(),
            );
        }
        if must_leave(py, &error) {
            return Err(error);
        }
        if let Some(owner) = self.owner(py) {
            let error = error.into_value(py);
            owner
                .bind(py)
                .call_method1("_fatal_error", (error, message))?;
        }
        Ok(())
    }

    fn count_traffic(&self, received: usize, sent: usize) {
        if let Some(event_loop) = self.event_loop.upgrade() {
            event_loop.count_traffic(received, sent);
        }
    }

    // ---- receiving ----------------------------------------------------------------------------------------------------

    fn read_again(&self) {
        if self.may_read()
            && let Some(source) = &*self.source.borrow()
            && source.readiness().contains(Readiness::READ)
        {
            source.call_again(Readiness::READ);
        }
    }

    fn may_read(&self) -> bool {
        self.started.get()
            && !self.paused.get()
            && !self.closing.get()
            && !self.core.host().is_interrupted()
    }

    fn read_burst(&self, py: Python<'_>) -> PyResult<()> {
        for index in 0..BURST {
            if !self.may_read() {
                break;
            }
            if index > 0
                && let Some(event_loop) = self.event_loop.upgrade()
            {
                event_loop.checkpoint();
            }
            let received = self.core.with_scratch(|scratch| {
                let (count, address) = receive_from(self.fd, scratch)?;
                Ok((PyBytes::new(py, &scratch[..count]), address))
            });
            match received {
                Ok((data, address)) => {
                    self.count_traffic(data.as_bytes().len(), 0);
                    self.deliver(data, address)?;
                }
                Err(error) if io::Error::kind(&error) == io::ErrorKind::WouldBlock => {
                    if let Some(source) = &*self.source.borrow() {
                        source.clear(Readiness::READ);
                    }
                    return Ok(());
                }
                Err(error) => self.report_failed_read(py, &error)?,
            }
        }
        // Perhaps there is more, and no further edge will say so.
        self.read_again();
        Ok(())
    }

    #[cold]
    fn report_failed_read(&self, py: Python<'_>, error: &io::Error) -> PyResult<()> {
        if error.raw_os_error() == Some(rustix::io::Errno::BADF.raw_os_error()) {
            // The program closed the socket under its transport: reading again would fail for ever.
            self.paused.set(true);
        }
        let error = os_error(py, error).into_value(py).into_bound(py);
        let told = self.call_owner(py, "_error_received", error.into_any());
        told.or_else(|raised| self.report_raised(py, raised, "error_received"))
    }

    fn deliver(&self, data: Bound<'_, PyBytes>, address: Option<SocketAddrAny>) -> PyResult<()> {
        let py = data.py();
        let address = match &address {
            None => None,
            Some(address) => self.book.to_python(py, address)?,
        };
        let receiver = self.receiver.borrow().as_ref().map(|known| known.share(py));
        let Some(receiver) = receiver else {
            return Ok(());
        };
        let address = address.unwrap_or_else(|| py.None().into_bound(py));
        let name = intern!(py, "datagram_received");
        let result = receiver.bind(py).call_method1(name, (data, address));
        match result {
            Ok(_) => Ok(()),
            Err(error) => self.report_raised(py, error, "datagram_received"),
        }
    }

    /// The protocol raised: an exit leaves the loop, anything else is reported and the transport goes on.
    #[cold]
    fn report_raised(&self, py: Python<'_>, error: PyErr, method: &str) -> PyResult<()> {
        if must_leave(py, &error) {
            return Err(error);
        }
        if let Some(owner) = self.owner(py) {
            owner
                .bind(py)
                .call_method1("_report", (error.into_value(py), method))?;
        }
        Ok(())
    }

    // ---- sending ------------------------------------------------------------------------------------------------------

    fn send(&self, data: &Bound<'_, PyAny>, address: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        let py = data.py();
        check_bytes_like(data)?;
        if !self.sends_empty && data.len()? == 0 {
            return Ok(());
        }
        let address = self.allowed_address(py, address)?;
        if self.end.has_come() {
            return self.end.late_write(py, LATE_SEND);
        }
        let target = self.target(address);
        if !self.queue.borrow().is_empty() {
            return self.enqueue(data, target);
        }
        match self.transmit(py, data, &target) {
            Ok(true) => Ok(()),
            Ok(false) => self.enqueue(data, target),
            Err(error) => self.failed(py, error, FATAL_WRITE),
        }
    }

    /// The address to use, for a transport that has one of its own.
    fn allowed_address<'py>(
        &self,
        py: Python<'py>,
        address: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let Some(own) = &self.address else {
            return Ok(address.cloned());
        };
        let own = own.bind(py);
        if let Some(address) = address
            && !address.eq(own)?
        {
            return Err(PyValueError::new_err(format!(
                "Invalid address: must be None or {}",
                own.str()?
            )));
        }
        Ok(Some(own.to_owned()))
    }

    fn target(&self, address: Option<Bound<'_, PyAny>>) -> Target {
        match address {
            _ if self.connected => Target::Peer,
            // A socket pair has no name, and is connected all the same.
            None => Target::Peer,
            Some(address) => {
                if let Some(known) = self.book.is_last(&address) {
                    return Target::Address(known.into());
                }
                match addresses::from_python(self.family, &address) {
                    Some(known) => Target::Address(known),
                    None => Target::Named(Object::new(address)),
                }
            }
        }
    }

    /// False if the socket is full.
    fn transmit(&self, py: Python<'_>, data: &Bound<'_, PyAny>, target: &Target) -> PyResult<bool> {
        let sent = match target {
            Target::Peer => {
                let sent = with_bytes(data, |bytes| transmit_to(self.fd, bytes, None))?;
                if !self.connected && sent.as_ref().is_err_and(lacks_address) {
                    // Python says that, and asyncio ends the transport.
                    return self.transmit_by_python(
                        py,
                        data,
                        &Object::new(py.None().into_bound(py)),
                    );
                }
                sent
            }
            Target::Address(address) => {
                with_bytes(data, |bytes| transmit_to(self.fd, bytes, Some(address)))?
            }
            Target::Named(address) => return self.transmit_by_python(py, data, address),
        };
        self.sent(py, sent)
    }

    fn sent(&self, py: Python<'_>, sent: io::Result<usize>) -> PyResult<bool> {
        match sent {
            Ok(count) => {
                self.count_traffic(0, count);
                Ok(true)
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(os_error(py, &error)),
        }
    }

    #[cold]
    fn transmit_by_python(
        &self,
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        address: &Object,
    ) -> PyResult<bool> {
        let sock = self.sock.borrow().as_ref().map(|sock| sock.share(py));
        let Some(sock) = sock else { return Ok(true) };
        let sent = sock
            .bind(py)
            .call_method1(intern!(py, "sendto"), (data, address.bind(py)));
        match sent {
            Ok(_) => Ok(true),
            Err(error)
                if error.is_instance_of::<PyBlockingIOError>(py)
                    || error.is_instance_of::<PyInterruptedError>(py) =>
            {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    fn enqueue(&self, data: &Bound<'_, PyAny>, target: Target) -> PyResult<()> {
        let py = data.py();
        let data = with_bytes(data, <[u8]>::to_vec)?;
        self.queued
            .set(self.queued.get() + data.len() + self.overhead);
        let was_empty = self.queue.borrow().is_empty();
        self.queue.borrow_mut().push_back(Queued { data, target });
        if was_empty {
            self.wait_for_room();
            self.core.wake_if_elsewhere(py);
        }
        self.pause_protocol_if_full(py)
    }

    /// The socket is full: its next edge goes on. But a Unix socket is only told of the room of the peer that it is
    /// connected to; for any other receiver there is nothing to wait for, so it is tried again after a while.
    fn wait_for_room(&self) {
        let first_has_address = match self.queue.borrow().front() {
            Some(first) => !matches!(first.target, Target::Peer),
            None => return,
        };
        if self.family != AddressFamily::UNIX || !first_has_address || self.retries.replace(true) {
            return;
        }
        let after = self.retry_after.get();
        self.retry_after.set(LAST_RETRY_NS.min(2 * after));
        let me = Weak::clone(&self.me);
        let entry = Entry::call(move |_event_loop| {
            if let Some(transport) = me.upgrade()
                && transport.source.borrow().is_some()
            {
                transport.retries.set(false);
                DatagramHandler(transport).ready(Readiness::WRITE);
            }
        });
        if let Some(event_loop) = self.event_loop.upgrade() {
            event_loop.push_at(event_loop.now() + after, entry);
        }
    }

    fn clear_queue(&self) {
        self.queued.set(0);
        let queue = self.queue.take();
        drop(queue);
    }

    /// Sends what is queued, until the socket is full again.
    fn send_queue(&self, py: Python<'_>) -> PyResult<()> {
        loop {
            let Some(Queued { data, target }) = self.queue.borrow_mut().pop_front() else {
                break;
            };
            let size = data.len() + self.overhead;
            let sent = match &target {
                Target::Peer => self.sent(py, transmit_to(self.fd, &data, None)),
                Target::Address(address) => {
                    self.sent(py, transmit_to(self.fd, &data, Some(address)))
                }
                Target::Named(address) => {
                    self.transmit_by_python(py, PyBytes::new(py, &data).as_any(), address)
                }
            };
            if let Ok(false) = sent {
                self.queue.borrow_mut().push_front(Queued { data, target });
                self.wait_for_room();
                break;
            }
            self.retry_after.set(FIRST_RETRY_NS);
            self.queued.set(self.queued.get().saturating_sub(size));
            if let Err(error) = sent {
                let told = self.failed(py, error, FATAL_WRITE);
                told.or_else(|raised| self.report_raised(py, raised, "error_received"))?;
            }
        }
        self.after_send(py)
    }

    fn after_send(&self, py: Python<'_>) -> PyResult<()> {
        if self.limits.resume_for(self.queued.get()) {
            self.call_owner(
                py,
                "_tell_protocol",
                intern!(py, "resume_writing").as_any().clone(),
            )?;
        }
        if self.closing.get() && self.queue.borrow().is_empty() && self.end.come() {
            self.call_owner(py, "_lose_connection", py.None().into_bound(py))?;
        }
        Ok(())
    }

    fn pause_protocol_if_full(&self, py: Python<'_>) -> PyResult<()> {
        if !self.limits.pause_for(self.queued.get()) {
            return Ok(());
        }
        self.call_owner(
            py,
            "_tell_protocol",
            intern!(py, "pause_writing").as_any().clone(),
        )
    }
}

/// The registration holds its handler, which holds the transport; `release` takes the registration out.
struct DatagramHandler(Rc<DatagramTransport>);

impl IoHandler for DatagramHandler {
    fn ready(&self, readiness: Readiness) {
        let transport = &self.0;
        ffi::with_gil_held(|py| {
            let work = || {
                // A failed try makes its own room for a moment, which is an edge: each would be followed by the next.
                let sends = !transport.retries.get() && !transport.queue.borrow().is_empty();
                if readiness.contains(Readiness::WRITE) && sends {
                    transport.send_queue(py)?;
                }
                if readiness.contains(Readiness::READ) {
                    transport.read_burst(py)?;
                }
                Ok(())
            };
            let run = || transport.context.run(py, work);
            if let Err(error) = transport.core.timed(py, || transport.owner(py), run) {
                transport.core.host().interrupt(error);
            }
        });
    }
}

pub(crate) fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<DatagramState>()?;
    module.add_function(wrap_pyfunction!(methods::install_datagram_methods, module)?)
}

/// What the kernel says of a datagram without an address on a socket without a peer: UDP's way and that of Unix sockets.
fn lacks_address(error: &io::Error) -> bool {
    let errno = rustix::io::Errno::from_io_error(error);
    matches!(
        errno,
        Some(rustix::io::Errno::DESTADDRREQ | rustix::io::Errno::NOTCONN)
    )
}
