//! The system's resolver: `getaddrinfo` with all that a caller may ask for. It blocks; the blocking pool calls it.

use std::ffi::{CStr, CString, c_int};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::ptr::{null, null_mut};

/// What `getaddrinfo` is asked; numbers are those of the operating system, zero is "any".
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// A name, a literal, or nothing for this host.
    pub host: Option<CString>,
    /// A port's number or a service's name.
    pub service: Option<CString>,
    /// The address family.
    pub family: i32,
    /// The socket type.
    pub kind: i32,
    /// The protocol.
    pub protocol: i32,
    /// `AI_*`.
    pub flags: i32,
}

/// One address that the resolver found.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The address family.
    pub family: i32,
    /// The socket type.
    pub kind: i32,
    /// The protocol.
    pub protocol: i32,
    /// The canonical name, in the first answer if it was asked for.
    pub canonical_name: String,
    /// The address.
    pub address: SocketAddr,
}

/// Why the resolver found nothing.
#[derive(Debug)]
pub enum Unresolved {
    /// One of the resolver's own reasons: its number (`EAI_*`) and text.
    Reason(i32, String),
    /// The operating system's error behind it.
    System(io::Error),
}

/// Asks the system's resolver. Addresses of other families than IPv4 and IPv6 are left out.
pub(crate) fn resolve(question: &Question) -> Result<Vec<Answer>, Unresolved> {
    let pointer = |text: &Option<CString>| text.as_ref().map_or(null(), |text| text.as_ptr());
    // SAFETY: an all-zero addrinfo is what the manual asks for as hints: no pointer in it is read.
    let mut hints: libc::addrinfo = unsafe { std::mem::zeroed() };
    hints.ai_family = question.family;
    hints.ai_socktype = question.kind;
    hints.ai_protocol = question.protocol;
    hints.ai_flags = question.flags;
    let mut list = null_mut();
    // SAFETY: both texts end with a zero byte or are null, the hints live for the call, and the result goes into `list`.
    let code = unsafe {
        libc::getaddrinfo(
            pointer(&question.host),
            pointer(&question.service),
            &raw const hints,
            &raw mut list,
        )
    };
    if code != 0 {
        return Err(reason(code));
    }
    let list = List(list);
    Ok(list.answers())
}

/// The names of an address and of a port's service, as far as the system knows them; numbers otherwise.
pub(crate) fn names(address: SocketAddr) -> Result<(String, String), Unresolved> {
    let mut host: [std::ffi::c_char; 1025] = [0; 1025];
    let mut service: [std::ffi::c_char; 32] = [0; 32];
    let mut ask = |address: *const libc::sockaddr, length: usize| {
        // SAFETY: the address has this length; both buffers have theirs, and get a text that ends with a zero byte.
        unsafe {
            libc::getnameinfo(
                address,
                length as libc::socklen_t,
                host.as_mut_ptr(),
                host.len() as libc::socklen_t,
                service.as_mut_ptr(),
                service.len() as libc::socklen_t,
                libc::NI_NAMEREQD,
            )
        }
    };
    let code = match address {
        SocketAddr::V4(address) => {
            // SAFETY: all zero is a valid address.
            let mut raw: libc::sockaddr_in = unsafe { std::mem::zeroed() };
            raw.sin_family = libc::AF_INET as libc::sa_family_t;
            raw.sin_port = address.port().to_be();
            raw.sin_addr.s_addr = u32::from(*address.ip()).to_be();
            ask((&raw const raw).cast(), size_of_val(&raw))
        }
        SocketAddr::V6(address) => {
            // SAFETY: as above.
            let mut raw: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
            raw.sin6_family = libc::AF_INET6 as libc::sa_family_t;
            raw.sin6_port = address.port().to_be();
            raw.sin6_addr.s6_addr = address.ip().octets();
            ask((&raw const raw).cast(), size_of_val(&raw))
        }
    };
    if code != 0 {
        return Err(reason(code));
    }
    // SAFETY: the call succeeded, so both end with a zero byte.
    let text = |buffer: &[std::ffi::c_char]| unsafe {
        CStr::from_ptr(buffer.as_ptr())
            .to_string_lossy()
            .into_owned()
    };
    Ok((text(&host), text(&service)))
}

fn reason(code: c_int) -> Unresolved {
    if code == libc::EAI_SYSTEM {
        return Unresolved::System(io::Error::last_os_error());
    }
    // SAFETY: gai_strerror returns a constant text for any number.
    let text = unsafe { CStr::from_ptr(libc::gai_strerror(code)) };
    Unresolved::Reason(code, text.to_string_lossy().into_owned())
}

/// The list that getaddrinfo allocated.
struct List(*mut libc::addrinfo);

impl List {
    fn answers(&self) -> Vec<Answer> {
        let mut answers = Vec::new();
        let mut next = self.0;
        while !next.is_null() {
            // SAFETY: the list is intact until it is dropped, and ends with a null pointer.
            let entry = unsafe { &*next };
            next = entry.ai_next;
            if let Some(address) = address_of(entry) {
                let canonical_name = if entry.ai_canonname.is_null() {
                    String::new()
                } else {
                    // SAFETY: a text that ends with a zero byte and belongs to the list.
                    let name = unsafe { CStr::from_ptr(entry.ai_canonname) };
                    name.to_string_lossy().into_owned()
                };
                answers.push(Answer {
                    family: entry.ai_family,
                    kind: entry.ai_socktype,
                    protocol: entry.ai_protocol,
                    canonical_name,
                    address,
                });
            }
        }
        answers
    }
}

impl Drop for List {
    fn drop(&mut self) {
        // SAFETY: getaddrinfo made the list, and this is its only owner.
        unsafe { libc::freeaddrinfo(self.0) }
    }
}

fn address_of(entry: &libc::addrinfo) -> Option<SocketAddr> {
    let length = entry.ai_addrlen as usize;
    match entry.ai_family {
        libc::AF_INET if length >= size_of::<libc::sockaddr_in>() => {
            // SAFETY: the family and the length say that this is an IPv4 address; the copy needs no alignment.
            let raw = unsafe { entry.ai_addr.cast::<libc::sockaddr_in>().read_unaligned() };
            let host = Ipv4Addr::from(u32::from_be(raw.sin_addr.s_addr));
            Some(SocketAddrV4::new(host, u16::from_be(raw.sin_port)).into())
        }
        libc::AF_INET6 if length >= size_of::<libc::sockaddr_in6>() => {
            // SAFETY: as above, for IPv6.
            let raw = unsafe { entry.ai_addr.cast::<libc::sockaddr_in6>().read_unaligned() };
            let host = Ipv6Addr::from(raw.sin6_addr.s6_addr);
            let port = u16::from_be(raw.sin6_port);
            Some(SocketAddrV6::new(host, port, raw.sin6_flowinfo, raw.sin6_scope_id).into())
        }
        _ => None,
    }
}
