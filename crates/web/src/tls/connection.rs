//! One connection over memory: encrypted bytes are fed and taken, plain ones read and written.
//!
//! It knows no end of the stream: what has not come yet may still come, and whoever has the socket knows better. Loop thread only.

use std::io::{self, Read, Write};
use std::rc::Rc;

use openssl::error::ErrorStack;
use openssl::ssl::{
    ErrorCode, NameType, ShutdownState, Ssl, SslRef, SslSession, SslStream, SslVerifyMode,
    StatusType,
};
use openssl::x509::X509VerifyResult;
use openssl::x509::store::X509StoreBuilder;

use super::callbacks::{Hooks, within};
use super::context::{Context, without_zero};
use super::{hello, printed};
use crate::crypto::{Failure, Outcome};

/// The memory between the library and the socket.
#[derive(Default)]
struct Pipe {
    incoming: Vec<u8>,
    read: usize,
    /// The library is given so much now: a record at a time once the handshake is done, so that what each tells is told before the next.
    limit: Option<usize>,
    outgoing: Vec<u8>,
}

/// Memory of an emptied buffer that is worth keeping.
const KEPT_CAPACITY: usize = 64 * 1024;

impl Read for Pipe {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let end = self.limit.unwrap_or(self.incoming.len());
        let left = &self.incoming[self.read..end.max(self.read)];
        if left.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = left.len().min(into.len());
        into[..count].copy_from_slice(&left[..count]);
        self.read += count;
        if self.read == self.incoming.len() {
            self.incoming.clear();
            self.read = 0;
            self.limit = None;
            if self.incoming.capacity() > KEPT_CAPACITY {
                self.incoming = Vec::new();
            }
        }
        Ok(count)
    }
}

impl Pipe {
    /// Gives the library the next record; false when it is not there whole, and then nothing of it.
    fn grant_record(&mut self) -> bool {
        /// What is longer is none, which the library has to see.
        const LONGEST: usize = 16 * 1024 + 2048;
        let left = &self.incoming[self.read..];
        self.limit = Some(self.read);
        let [_, _, _, high, low, ..] = left[..] else {
            return false;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        if length > LONGEST {
            self.limit = None;
            return true;
        }
        if 5 + length > left.len() {
            return false;
        }
        self.limit = Some(self.read + 5 + length);
        true
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outgoing.extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Settings may be changed until the handshake begins.
enum Phase {
    Settings(Box<Ssl>, Pipe),
    Running(SslStream<Pipe>),
    /// Its beginning failed.
    Broken,
}

/// What OpenSSL says when it gives up.
#[derive(Debug, Clone)]
pub struct Fault {
    /// What its tools print.
    pub message: String,
    /// `wrong version number`
    pub reason: Option<String>,
    /// `SSL routines`
    pub library: Option<String>,
    /// The name of its function.
    pub function: Option<String>,
}

impl From<&ErrorStack> for Fault {
    fn from(stack: &ErrorStack) -> Fault {
        let first = stack.errors().first();
        Fault {
            message: printed(stack),
            reason: first.and_then(|error| error.reason()).map(str::to_owned),
            library: first.and_then(|error| error.library()).map(str::to_owned),
            function: first
                .and_then(|error| error.function())
                .map(|name| name.to_string()),
        }
    }
}

fn fault_of(error: &openssl::ssl::Error) -> Fault {
    match error.ssl_error() {
        Some(stack) => Fault::from(stack),
        None => Fault {
            message: error.to_string(),
            reason: None,
            library: None,
            function: None,
        },
    }
}

/// How far reading came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// More has to come first.
    Waits,
    /// There may be more to read.
    More,
    /// The other end has said that nothing will follow.
    Ended,
}

/// A cipher that is in use.
#[allow(missing_docs, reason = "each holds what its name says")]
pub struct Cipher {
    pub name: &'static str,
    pub standard_name: Option<&'static str>,
    pub version: &'static str,
}

/// The other end's half of a key that was agreed on.
#[allow(missing_docs, reason = "each holds what its name says")]
pub struct EphemeralKey {
    pub kind: &'static str,
    pub name: Option<String>,
    pub bits: u32,
}

/// A connection.
pub struct Connection {
    phase: Phase,
    hooks: Rc<Hooks>,
    /// Keeps what callbacks are looked up in, and what the connection may go back to.
    context: Rc<Context>,
    is_done: bool,
    records: Records,
}

/// Looks at the heads of records after the handshake: one of a handshake begins another (before TLS 1.3, where they do not show).
#[derive(Default)]
struct Records {
    /// How many bytes of the record are still to come.
    left: usize,
    head: Vec<u8>,
    handshakes: u32,
}

impl Records {
    fn scan(&mut self, bytes: &[u8], counts: bool) {
        const HANDSHAKE: u8 = 22;
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.left > 0 {
                let count = self.left.min(rest.len());
                self.left -= count;
                rest = &rest[count..];
                continue;
            }
            self.head.push(rest[0]);
            rest = &rest[1..];
            if let [kind, _, _, high, low] = self.head[..] {
                self.left = usize::from(u16::from_be_bytes([high, low]));
                self.handshakes += u32::from(counts && kind == HANDSHAKE);
                self.head.clear();
            }
        }
    }
}

impl Connection {
    /// A connection that has not begun.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn new(context: &Rc<Context>, is_server: bool) -> Outcome<Connection> {
        let mut ssl = Ssl::new(context.built()?)?;
        if is_server {
            ssl.set_accept_state();
        } else {
            ssl.set_connect_state();
        }
        Ok(Connection {
            phase: Phase::Settings(Box::new(ssl), Pipe::default()),
            hooks: Rc::default(),
            context: Rc::clone(context),
            is_done: false,
            records: Records::default(),
        })
    }

    /// What its callbacks have.
    pub fn hooks(&self) -> Rc<Hooks> {
        Rc::clone(&self.hooks)
    }

    /// The context that it has now.
    pub fn context(&self) -> &Rc<Context> {
        &self.context
    }

    fn ssl(&self) -> Option<&SslRef> {
        match &self.phase {
            Phase::Settings(ssl, _) => Some(ssl),
            Phase::Running(stream) => Some(stream.ssl()),
            Phase::Broken => None,
        }
    }

    fn pipe(&mut self) -> Option<&mut Pipe> {
        match &mut self.phase {
            Phase::Settings(_, pipe) => Some(pipe),
            Phase::Running(stream) => Some(stream.get_mut()),
            Phase::Broken => None,
        }
    }

    fn set<T>(&mut self, set: impl FnOnce(&mut Ssl) -> Result<T, ErrorStack>) -> Outcome<T> {
        match &mut self.phase {
            Phase::Settings(ssl, _) => Ok(set(ssl)?),
            _ => Err(Failure::new(
                "ERR_INVALID_STATE",
                "The connection has begun and cannot be changed",
            )),
        }
    }

    // ---- settings, before the handshake ---------------------------------------------------------------------------

    /// A server asks for a certificate, and may insist on one. What is wrong with it is told, not refused ([`Connection::verdict`]).
    ///
    /// # Errors
    /// After the handshake began.
    pub fn set_request(&mut self, asks: bool, insists: bool) -> Outcome<()> {
        let mut mode = SslVerifyMode::NONE;
        if asks {
            mode |= SslVerifyMode::PEER;
        }
        if asks && insists {
            mode |= SslVerifyMode::FAIL_IF_NO_PEER_CERT;
        }
        self.set(|ssl| {
            ssl.set_verify_callback(mode, |_, _| true);
            Ok(())
        })
    }

    /// The name of the server that a client asks for.
    ///
    /// # Errors
    /// When it is too long, or after the handshake began.
    pub fn set_server_name(&mut self, name: &str) -> Outcome<()> {
        without_zero(name)?;
        self.set(|ssl| ssl.set_hostname(name))
    }

    /// The protocols that are spoken, each behind its length, in order.
    ///
    /// # Errors
    /// When the list is not well-formed, or after the handshake began.
    pub fn set_protocols(&mut self, list: &[u8], is_server: bool) -> Outcome<()> {
        if is_server {
            *self.hooks.protocols.borrow_mut() = Some(list.to_vec());
            return Ok(());
        }
        self.set(|ssl| ssl.set_alpn_protos(list))
    }

    /// Asks the server for the state of its certificate.
    ///
    /// # Errors
    /// After the handshake began.
    pub fn request_status(&mut self) -> Outcome<()> {
        self.set(|ssl| ssl.set_status_type(StatusType::OCSP))
    }

    /// What a server says of its certificate's state.
    pub fn set_status(&mut self, answer: Vec<u8>) {
        *self.hooks.stapled.borrow_mut() = Some(answer);
    }

    /// The session that a server has for what the client knows.
    pub fn set_resumed(&mut self, session: Vec<u8>) {
        *self.hooks.resumed.borrow_mut() = Some(session);
    }

    /// Has lines for a log of keys told.
    pub fn want_keys(&self) {
        self.hooks.wants_keys.set(true);
    }

    /// Has sessions told.
    pub fn want_sessions(&self) {
        self.hooks.wants_sessions.set(true);
    }

    /// Another context: its certificate, its authorities.
    ///
    /// # Errors
    /// When memory runs out, or after the handshake began.
    pub fn set_context(&mut self, context: &Rc<Context>) -> Outcome<()> {
        let built = context.built()?.clone();
        let authorities = context.authorities();
        self.set(|ssl| {
            ssl.set_ssl_context(&built)?;
            // The library takes the certificate over, and leaves who is trusted as it was.
            let mut store = X509StoreBuilder::new()?;
            for authority in &authorities {
                store.add_cert(authority.clone())?;
            }
            ssl.set_verify_cert_store(store.build())?;
            for authority in &authorities {
                ssl.add_client_ca(authority)?;
            }
            Ok(())
        })?;
        self.context = Rc::clone(context);
        Ok(())
    }

    /// Another certificate and key, and nothing else.
    ///
    /// # Errors
    /// When they do not fit, or after the handshake began.
    pub fn set_key_and_certificate(&mut self, context: &Rc<Context>) -> Outcome<()> {
        let built = context.built()?.clone();
        let chain = context.chain();
        self.set(|ssl| {
            if let Some(certificate) = built.certificate() {
                ssl.set_certificate(certificate)?;
            }
            for other in chain {
                ssl.add_chain_cert(other)?;
            }
            if let Some(key) = built.private_key() {
                ssl.set_private_key(key)?;
            }
            Ok(())
        })
    }

    /// Offers a session to the server; `set` is how, which the crate of the library has no safe function for.
    ///
    /// # Errors
    /// When the bytes are no session, or after the handshake began.
    pub fn resume(
        &mut self,
        session: &[u8],
        set: fn(&mut SslRef, &openssl::ssl::SslSessionRef) -> Result<(), ErrorStack>,
    ) -> Outcome<()> {
        let session = SslSession::from_der(session)?;
        self.set(|ssl| set(ssl, &session))
    }

    /// The library's own, for what has no function here.
    pub fn library(&self) -> Option<&SslRef> {
        self.ssl()
    }

    /// Another handshake begins; `begin` is how, as with [`Connection::resume`].
    ///
    /// # Errors
    /// What OpenSSL says: since TLS 1.3 there is none.
    pub fn renegotiate(&mut self, begin: fn(&SslRef) -> Result<(), ErrorStack>) -> Outcome<()> {
        if let Some(ssl) = self.ssl() {
            begin(ssl)?;
            self.is_done = false;
        }
        Ok(())
    }

    // ---- work -----------------------------------------------------------------------------------------------------

    /// Takes in what the socket brought.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.records.scan(bytes, self.is_done);
        if let Some(pipe) = self.pipe() {
            pipe.incoming.extend_from_slice(bytes);
        }
    }

    /// What the client says first; only before the handshake begins.
    pub fn hear(&mut self) -> hello::Heard {
        match &self.phase {
            Phase::Settings(_, pipe) => hello::hear(&pipe.incoming),
            _ => hello::Heard::Other,
        }
    }

    /// What is to be sent.
    pub fn take_outgoing(&mut self) -> Vec<u8> {
        self.pipe()
            .map(|pipe| std::mem::take(&mut pipe.outgoing))
            .unwrap_or_default()
    }

    /// Gives the memory of what was sent back.
    pub fn give_back(&mut self, mut buffer: Vec<u8>) {
        if let Some(pipe) = self.pipe()
            && pipe.outgoing.capacity() == 0
            && buffer.capacity() <= KEPT_CAPACITY
        {
            buffer.clear();
            pipe.outgoing = buffer;
        }
    }

    /// How many records of another handshake came since it was asked last.
    pub fn take_handshakes(&mut self) -> u32 {
        std::mem::take(&mut self.records.handshakes)
    }

    /// Whether the library is in the middle of a handshake, the first or another.
    pub fn is_shaking_hands(&self) -> bool {
        self.ssl().is_some_and(|ssl| !ssl.is_init_finished())
    }

    /// Whether the handshake is done.
    pub fn is_done(&self) -> bool {
        self.is_done
    }

    fn stream(&mut self) -> std::result::Result<&mut SslStream<Pipe>, Fault> {
        if let Phase::Settings(..) = self.phase {
            let Phase::Settings(ssl, pipe) = std::mem::replace(&mut self.phase, Phase::Broken)
            else {
                unreachable!("looked at just above");
            };
            let stream = SslStream::new(*ssl, pipe).map_err(|stack| Fault::from(&stack))?;
            self.phase = Phase::Running(stream);
        }
        match &mut self.phase {
            Phase::Running(stream) => Ok(stream),
            _ => Err(Fault {
                message: "the connection could not begin".to_owned(),
                reason: None,
                library: None,
                function: None,
            }),
        }
    }

    fn grant_all(&mut self) {
        if let Some(pipe) = self.pipe() {
            pipe.limit = None;
        }
    }

    fn work<T>(
        &mut self,
        work: impl FnOnce(&mut SslStream<Pipe>) -> std::result::Result<T, openssl::ssl::Error>,
    ) -> std::result::Result<std::result::Result<T, ErrorCode>, Fault> {
        let hooks = Rc::clone(&self.hooks);
        let stream = self.stream()?;
        match within(&hooks, || work(stream)) {
            Ok(value) => Ok(Ok(value)),
            Err(error) => match error.code() {
                code @ (ErrorCode::WANT_READ
                | ErrorCode::WANT_WRITE
                | ErrorCode::ZERO_RETURN
                | ErrorCode::WANT_CLIENT_HELLO_CB) => Ok(Err(code)),
                _ => Err(fault_of(&error)),
            },
        }
    }

    /// Goes on with the handshake; true once it is done.
    ///
    /// # Errors
    /// What OpenSSL says.
    pub fn handshake(&mut self) -> std::result::Result<bool, Fault> {
        if self.is_done {
            return Ok(true);
        }
        self.grant_all();
        self.is_done = self.work(SslStream::do_handshake)?.is_ok();
        Ok(self.is_done)
    }

    /// Reads until the buffer has no room for another record: how many bytes, and how it went on.
    pub fn read(&mut self, into: &mut [u8]) -> (usize, std::result::Result<Reading, Fault>) {
        /// The most that a record holds.
        const RECORD: usize = 16 * 1024;
        let mut length = 0;
        loop {
            if length + RECORD > into.len() {
                return (length, Ok(Reading::More));
            }
            let is_whole = self.pipe().is_some_and(Pipe::grant_record);
            match self.work(|stream| stream.ssl_read(&mut into[length..])) {
                Ok(Ok(count)) => length += count,
                Ok(Err(ErrorCode::ZERO_RETURN)) => return (length, Ok(Reading::Ended)),
                // A record without anything to read in it.
                Ok(Err(_)) if is_whole => {
                    if self.hooks.has_events() {
                        return (length, Ok(Reading::More));
                    }
                }
                Ok(Err(_)) => return (length, Ok(Reading::Waits)),
                Err(fault) => return (length, Err(fault)),
            }
        }
    }

    /// Encrypts; false when the other end has to say something first, and nothing was taken.
    ///
    /// # Errors
    /// What OpenSSL says.
    pub fn write(&mut self, bytes: &[u8]) -> std::result::Result<bool, Fault> {
        if bytes.is_empty() {
            return Ok(true);
        }
        self.grant_all();
        Ok(self.work(|stream| stream.ssl_write(bytes))?.is_ok())
    }

    /// Says that nothing will follow.
    pub fn close(&mut self) {
        // In the middle of a handshake there is nothing to say; nor when it was said.
        if self.is_done {
            let _ = self.work(SslStream::shutdown);
        }
    }

    /// Whether the other end has said that nothing will follow.
    pub fn is_ended(&mut self) -> bool {
        match &mut self.phase {
            Phase::Running(stream) => stream.get_shutdown().contains(ShutdownState::RECEIVED),
            _ => false,
        }
    }

    // ---- what is known --------------------------------------------------------------------------------------------

    /// The certificates of the other end, its own first, in DER.
    pub fn peer_certificates(&self) -> Vec<Vec<u8>> {
        let Some(ssl) = self.ssl() else {
            return Vec::new();
        };
        let own = ssl.peer_certificate();
        let mut list: Vec<Vec<u8>> = own.iter().filter_map(|own| own.to_der().ok()).collect();
        for other in ssl.peer_cert_chain().into_iter().flatten() {
            if let Ok(der) = other.to_der()
                && !list.contains(&der)
            {
                list.push(der);
            }
        }
        list
    }

    /// The chain that was found from the other end's certificate to one that is trusted, in DER.
    pub fn verified_chain(&self) -> Vec<Vec<u8>> {
        let chain = self.ssl().and_then(SslRef::verified_chain);
        (chain.into_iter().flatten())
            .filter_map(|certificate| certificate.to_der().ok())
            .collect()
    }

    /// Its own certificate, in DER.
    pub fn certificate(&self) -> Option<Vec<u8>> {
        self.ssl()?.certificate()?.to_der().ok()
    }

    /// What is wrong with the other end's certificate: a number, 0 for nothing, and what it means. `None` when there is no certificate and none is needed.
    pub fn verdict(&self) -> Option<(i32, &'static str)> {
        let ssl = self.ssl()?;
        if ssl.peer_certificate().is_some() {
            let result = ssl.verify_result();
            return Some((result.as_raw(), result.error_string()));
        }
        // Who shares a key with the other end, or a session that was verified once, needs no certificate.
        let by_key = ssl.current_cipher().is_some_and(|cipher| {
            cipher.description().contains("Au=PSK") || cipher.name().contains("PSK")
        });
        let resumed = ssl.session_reused();
        if by_key || resumed {
            let result = ssl.verify_result();
            return (result != X509VerifyResult::OK)
                .then(|| (result.as_raw(), result.error_string()));
        }
        Some((1, "unspecified certificate verification error"))
    }

    /// The cipher in use.
    pub fn cipher(&self) -> Option<Cipher> {
        let cipher = self.ssl()?.current_cipher()?;
        Some(Cipher {
            name: cipher.name(),
            standard_name: cipher.standard_name(),
            version: cipher.version(),
        })
    }

    /// The version in use, `TLSv1.3`.
    pub fn version(&self) -> Option<&'static str> {
        Some(self.ssl()?.version_str())
    }

    /// The protocol that was agreed on.
    pub fn protocol(&self) -> Option<Vec<u8>> {
        Some(self.ssl()?.selected_alpn_protocol()?.to_vec())
    }

    /// Whom the client asked for.
    pub fn server_name(&self) -> Option<String> {
        let name = self.ssl()?.servername_raw(NameType::HOST_NAME)?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    /// The key that the other end made for this connection.
    pub fn ephemeral_key(&self) -> Option<EphemeralKey> {
        let key = self.ssl()?.peer_tmp_key().ok()?;
        let bits = key.bits();
        let kind = crate::crypto::key::kind_of(&key)?;
        let (kind, name) = match kind {
            "dh" => ("DH", None),
            "ec" => {
                let curve = key.ec_key().ok()?.group().curve_name()?;
                ("ECDH", Some(curve.short_name().ok()?.to_owned()))
            }
            "x25519" => ("ECDH", Some("X25519".to_owned())),
            "x448" => ("ECDH", Some("X448".to_owned())),
            _ => return None,
        };
        Some(EphemeralKey { kind, name, bits })
    }

    /// The session, in DER.
    pub fn session(&self) -> Option<Vec<u8>> {
        self.ssl()?.session()?.to_der().ok()
    }

    /// Whether the session is an earlier one.
    pub fn is_resumed(&self) -> bool {
        self.ssl().is_some_and(SslRef::session_reused)
    }

    /// The last message of the handshake: what this end sent, or what the other end did.
    pub fn finished(&self, is_peers: bool) -> Option<Vec<u8>> {
        let ssl = self.ssl()?;
        let mut bytes = [0; 64];
        let count = if is_peers {
            ssl.peer_finished(&mut bytes)
        } else {
            ssl.finished(&mut bytes)
        };
        (count > 0).then(|| bytes[..count.min(bytes.len())].to_vec())
    }

    /// Bytes that both ends can make from the connection's secrets (RFC 5705).
    ///
    /// # Errors
    /// What OpenSSL says.
    pub fn keying_material(
        &self,
        length: usize,
        label: &str,
        context: Option<&[u8]>,
    ) -> Outcome<Vec<u8>> {
        let mut bytes = vec![0; length];
        if let Some(ssl) = self.ssl() {
            ssl.export_keying_material(&mut bytes, label, context)?;
        }
        Ok(bytes)
    }
}

/// The ticket in a session, as the server gave it: the library's form of a session has it in the element with the number 10.
pub fn ticket_of(session: &[u8]) -> Option<Vec<u8>> {
    use crate::crypto::der::Reader;
    SslSession::from_der(session).ok()?;
    let mut list = Reader::new(session).sequence()?;
    while let Some(element) = list.any() {
        if element.tag == 0xaa {
            return Some(Reader::new(element.content).expect(0x04)?.to_vec());
        }
    }
    None
}
