//! Groups of IPv6 with one source (RFC 3678), whose settings rustix does not have.

use std::io;
use std::mem::{MaybeUninit, size_of};
use std::net::Ipv6Addr;
use std::os::fd::{AsRawFd, BorrowedFd};

const JOIN_SOURCE_GROUP: libc::c_int = 46;
const LEAVE_SOURCE_GROUP: libc::c_int = 47;

/// What one address sends to a group, at an interface (0 is the system's choice).
pub(crate) struct SourceMembership {
    pub(crate) group: Ipv6Addr,
    pub(crate) source: Ipv6Addr,
    pub(crate) interface: u32,
}

/// The kernel's `group_source_req`: addresses have eight bytes' alignment.
#[repr(C)]
struct Request {
    interface: u32,
    group: libc::sockaddr_storage,
    source: libc::sockaddr_storage,
}

/// Enters or leaves.
pub(crate) fn set_source_membership(
    fd: BorrowedFd<'_>,
    membership: &SourceMembership,
    joins: bool,
) -> io::Result<()> {
    // SAFETY: all-zero bytes are a value of every field; they are plain numbers. Zero also fills what lies between them.
    let mut request: Request = unsafe { MaybeUninit::zeroed().assume_init() };
    request.interface = membership.interface;
    store(&mut request.group, membership.group);
    store(&mut request.source, membership.source);
    let name = if joins {
        JOIN_SOURCE_GROUP
    } else {
        LEAVE_SOURCE_GROUP
    };
    let length = size_of::<Request>() as libc::socklen_t;
    // SAFETY: the descriptor is open as long as it is borrowed; the request is initialised, as long as `length` says and
    // lives for the call, which only reads it.
    let outcome = unsafe {
        let request = (&raw const request).cast();
        libc::setsockopt(fd.as_raw_fd(), libc::IPPROTO_IPV6, name, request, length)
    };
    if outcome == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn store(storage: &mut libc::sockaddr_storage, address: Ipv6Addr) {
    // SAFETY: the storage is made to hold an address of any family, at the alignment of each; a sockaddr_in6 is plain numbers.
    let v6 = unsafe { &mut *(&raw mut *storage).cast::<libc::sockaddr_in6>() };
    v6.sin6_family = libc::AF_INET6 as libc::sa_family_t;
    v6.sin6_addr.s6_addr = address.octets();
}
