//! What OpenSSL asks and tells while it works on a connection.
//!
//! Its callbacks belong to contexts, which threads may share, so they can hold nothing of a connection: whoever works on one enters its [`Hooks`] first
//! (`within`), and the callbacks find them on the thread. What is told is kept as [`Event`]s, in order, until the work is done; what is asked has to be
//! answered at once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use openssl::error::ErrorStack;
use openssl::ssl::{AlpnError, SslContextBuilder, SslRef, SslSession, select_next_proto};

/// What happened while the library worked.
pub enum Event {
    /// A line for a log of keys, without its end.
    Key(String),
    /// A session that may be resumed: its identifier, and the whole in DER.
    Session(Vec<u8>, Vec<u8>),
    /// What the server says of its certificate's state, if it says something.
    Stapled(Option<Vec<u8>>),
}

/// Who a client says it is, and the key that it shares with the server.
pub struct PskIdentity {
    /// Without zeros in it.
    pub identity: Vec<u8>,
    /// The shared key.
    pub key: Vec<u8>,
}

/// Asked for a client's identity: the hint of the server.
type AskClient = dyn Fn(Option<&[u8]>) -> Option<PskIdentity>;
/// Asked for the key of an identity.
type AskServer = dyn Fn(&[u8]) -> Option<Vec<u8>>;

/// What the callbacks have of one connection.
#[derive(Default)]
pub struct Hooks {
    events: RefCell<Vec<Event>>,
    pub(super) wants_keys: Cell<bool>,
    pub(super) wants_sessions: Cell<bool>,
    /// The protocols that a server speaks, each behind its length.
    pub(super) protocols: RefCell<Option<Vec<u8>>>,
    /// What a server says of its certificate's state.
    pub(super) stapled: RefCell<Option<Vec<u8>>>,
    /// The session that a server found for an identifier, in DER.
    pub(super) resumed: RefCell<Option<Vec<u8>>>,
    psk_client: RefCell<Option<Rc<AskClient>>>,
    psk_server: RefCell<Option<Rc<AskServer>>>,
}

impl Hooks {
    /// What happened since it was asked last.
    pub fn take_events(&self) -> Vec<Event> {
        std::mem::take(&mut *self.events.borrow_mut())
    }

    pub(super) fn has_events(&self) -> bool {
        !self.events.borrow().is_empty()
    }

    /// Answers a server's question for a shared key.
    pub fn set_psk_client(&self, ask: Rc<AskClient>) {
        *self.psk_client.borrow_mut() = Some(ask);
    }

    /// Knows the keys of clients.
    pub fn set_psk_server(&self, ask: Rc<AskServer>) {
        *self.psk_server.borrow_mut() = Some(ask);
    }

    fn tell(&self, event: Event) {
        self.events.borrow_mut().push(event);
    }
}

thread_local! {
    static CURRENT: RefCell<Vec<Rc<Hooks>>> = const { RefCell::new(Vec::new()) };
}

/// Lets the callbacks find these.
pub(super) fn within<R>(hooks: &Rc<Hooks>, work: impl FnOnce() -> R) -> R {
    struct Leave;
    impl Drop for Leave {
        fn drop(&mut self) {
            CURRENT.with_borrow_mut(|current| {
                current.pop();
            });
        }
    }
    CURRENT.with_borrow_mut(|current| current.push(Rc::clone(hooks)));
    let _leave = Leave;
    work()
}

/// The session that was found for the client that is served now, for who can have the library ask for it.
pub fn resumed_session(_id: &[u8]) -> Option<SslSession> {
    let found = current()?.resumed.borrow_mut().take()?;
    SslSession::from_der(&found).ok()
}

fn current() -> Option<Rc<Hooks>> {
    CURRENT.with_borrow(|current| current.last().cloned())
}

/// Gives every context the same callbacks: a connection may change its context, and they are looked up in the one that it has then.
pub(super) fn install(builder: &mut SslContextBuilder) -> Result<(), ErrorStack> {
    builder.set_keylog_callback(|_, line| {
        if let Some(hooks) = current()
            && hooks.wants_keys.get()
        {
            hooks.tell(Event::Key(line.to_owned()));
        }
    });
    builder.set_new_session_callback(|_, session: SslSession| {
        if let Some(hooks) = current()
            && hooks.wants_sessions.get()
            && let Ok(der) = session.to_der()
        {
            hooks.tell(Event::Session(session.id().to_vec(), der));
        }
    });
    builder.set_alpn_select_callback(select_protocol);
    builder.set_status_callback(|ssl| {
        let Some(hooks) = current() else {
            return Ok(true);
        };
        if !ssl.is_server() {
            hooks.tell(Event::Stapled(ssl.ocsp_status().map(<[u8]>::to_vec)));
            return Ok(true);
        }
        let answer = hooks.stapled.borrow_mut().take();
        match answer {
            Some(answer) => ssl.set_ocsp_status(&answer).map(|()| true),
            None => Ok(false),
        }
    })?;
    builder.set_psk_client_callback(psk_of_client);
    builder.set_psk_server_callback(psk_of_server);
    Ok(())
}

fn select_protocol<'a>(_: &mut SslRef, offered: &'a [u8]) -> Result<&'a [u8], AlpnError> {
    let Some(hooks) = current() else {
        return Err(AlpnError::NOACK);
    };
    let own = hooks.protocols.borrow();
    let Some(own) = own.as_ref().filter(|own| !own.is_empty()) else {
        return Err(AlpnError::NOACK);
    };
    // The server's order counts. What was chosen has to be a part of what was offered.
    let chosen = select_next_proto(own, offered).ok_or(AlpnError::ALERT_FATAL)?;
    let mut rest = offered;
    while let Some((length, after)) = rest.split_first() {
        let Some((name, after)) = after.split_at_checked(usize::from(*length)) else {
            break;
        };
        if name == chosen {
            return Ok(name);
        }
        rest = after;
    }
    Err(AlpnError::ALERT_FATAL)
}

/// Writes bytes and tells how many; none if there is no room.
fn put(bytes: &[u8], into: &mut [u8]) -> usize {
    match into.get_mut(..bytes.len()) {
        Some(place) => {
            place.copy_from_slice(bytes);
            bytes.len()
        }
        None => 0,
    }
}

fn psk_of_client(
    _: &mut SslRef,
    hint: Option<&[u8]>,
    identity: &mut [u8],
    key: &mut [u8],
) -> Result<usize, ErrorStack> {
    let ask = current().and_then(|hooks| hooks.psk_client.borrow().clone());
    let Some(found) = ask.and_then(|ask| ask(hint)) else {
        return Ok(0);
    };
    // The identity ends with a zero.
    let mut ended = found.identity;
    ended.push(0);
    if put(&ended, identity) == 0 {
        return Ok(0);
    }
    Ok(put(&found.key, key))
}

fn psk_of_server(
    _: &mut SslRef,
    identity: Option<&[u8]>,
    key: &mut [u8],
) -> Result<usize, ErrorStack> {
    let ask = current().and_then(|hooks| hooks.psk_server.borrow().clone());
    let found = identity.and_then(|identity| ask.and_then(|ask| ask(identity)));
    Ok(found.map_or(0, |found| put(&found, key)))
}
