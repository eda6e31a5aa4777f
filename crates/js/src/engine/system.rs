//! What the system tells of this process and of the machine's network: `process.resourceUsage` and `os.networkInterfaces`.

use std::ffi::CStr;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// `getrusage(2)`: times in microseconds, sizes in kilobytes.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Spent in the program.
    pub user_us: f64,
    /// Spent in the system on the program's behalf.
    pub system_us: f64,
    /// The most memory that was resident.
    pub most_resident_kb: f64,
    /// Page faults without I/O, and with.
    pub faults: [f64; 2],
    /// Reads and writes of a file system that were not in a cache.
    pub blocks: [f64; 2],
    /// Switches to another thread, given up and taken.
    pub switches: [f64; 2],
}

impl Usage {
    /// Of the whole process.
    #[must_use]
    pub fn of_process() -> Usage {
        usage(libc::RUSAGE_SELF)
    }

    /// Of the calling thread.
    #[must_use]
    pub fn of_thread() -> Usage {
        usage(libc::RUSAGE_THREAD)
    }
}

fn usage(who: libc::c_int) -> Usage {
    // SAFETY: an `rusage` of zeros is one; the call writes into it alone, and cannot fail with these two arguments.
    let counted = unsafe {
        let mut counted: libc::rusage = std::mem::zeroed();
        libc::getrusage(who, &mut counted);
        counted
    };
    let microseconds = |time: libc::timeval| time.tv_sec as f64 * 1e6 + time.tv_usec as f64;
    Usage {
        user_us: microseconds(counted.ru_utime),
        system_us: microseconds(counted.ru_stime),
        most_resident_kb: counted.ru_maxrss as f64,
        faults: [counted.ru_minflt as f64, counted.ru_majflt as f64],
        blocks: [counted.ru_inblock as f64, counted.ru_oublock as f64],
        switches: [counted.ru_nvcsw as f64, counted.ru_nivcsw as f64],
    }
}

/// An address of a network interface.
#[derive(Debug, Clone)]
pub struct Interface {
    /// `eth0`.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// Which bits of it name the network.
    pub netmask: IpAddr,
    /// Whether it leads back to this machine only.
    pub internal: bool,
    /// The zone of an IPv6 address.
    pub scope: u32,
    /// The hardware's address; zeros where there is none.
    pub hardware: [u8; 6],
}

/// The addresses of all interfaces that are up, in the system's order; none when the system does not tell.
#[must_use]
pub fn interfaces() -> Vec<Interface> {
    let mut first = std::ptr::null_mut();
    // SAFETY: the pointer that the call writes is our own; it is freed below, and only when the call succeeded.
    if unsafe { libc::getifaddrs(&mut first) } != 0 {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut hardware: Vec<(String, [u8; 6])> = Vec::new();
    let mut at = first;
    while !at.is_null() {
        // SAFETY: the system's list ends with null, and every entry of it lives until `freeifaddrs`.
        let entry = unsafe { &*at };
        at = entry.ifa_next;
        let is_running = entry.ifa_flags & libc::IFF_UP as u32 != 0
            && entry.ifa_flags & libc::IFF_RUNNING as u32 != 0;
        if entry.ifa_addr.is_null() || !is_running {
            continue;
        }
        // SAFETY: the name of an entry is a string that ends with zero.
        let name = unsafe { CStr::from_ptr(entry.ifa_name) }
            .to_string_lossy()
            .into_owned();
        // SAFETY: it is not null, and an address of any family begins with its family.
        let family = i32::from(unsafe { (*entry.ifa_addr).sa_family });
        if family == libc::AF_PACKET {
            // SAFETY: addresses of this family are `sockaddr_ll`, whose address array has eight bytes.
            let bytes = unsafe { (*entry.ifa_addr.cast::<libc::sockaddr_ll>()).sll_addr };
            let [a, b, c, d, e, f, ..] = bytes;
            hardware.push((name, [a, b, c, d, e, f]));
            continue;
        }
        // SAFETY: the address is the entry's, as is the mask, which may be null.
        let (address, mask) =
            unsafe { (address_of(entry.ifa_addr), address_of(entry.ifa_netmask)) };
        if let (Some((address, scope)), Some((netmask, _))) = (address, mask) {
            found.push(Interface {
                name,
                address,
                netmask,
                internal: entry.ifa_flags & libc::IFF_LOOPBACK as u32 != 0,
                scope,
                hardware: [0; 6],
            });
        }
    }
    // SAFETY: it came from `getifaddrs`, and nothing of it is used any more.
    unsafe { libc::freeifaddrs(first) };
    for interface in &mut found {
        if let Some((_, bytes)) = hardware.iter().find(|(name, _)| *name == interface.name) {
            interface.hardware = *bytes;
        }
    }
    found
}

/// The IP address behind a socket address, and its zone.
///
/// # Safety
/// The pointer is null or leads to a socket address as long as its family says.
unsafe fn address_of(address: *const libc::sockaddr) -> Option<(IpAddr, u32)> {
    if address.is_null() {
        return None;
    }
    // SAFETY: the caller's promise; the family is the first that any socket address has.
    match i32::from(unsafe { (*address).sa_family }) {
        libc::AF_INET => {
            // SAFETY: an address of this family is a `sockaddr_in`.
            let bits = unsafe { (*address.cast::<libc::sockaddr_in>()).sin_addr.s_addr };
            Some((Ipv4Addr::from(u32::from_be(bits)).into(), 0))
        }
        libc::AF_INET6 => {
            // SAFETY: an address of this family is a `sockaddr_in6`.
            let whole = unsafe { *address.cast::<libc::sockaddr_in6>() };
            Some((
                Ipv6Addr::from(whole.sin6_addr.s6_addr).into(),
                whole.sin6_scope_id,
            ))
        }
        _ => None,
    }
}

/// What of a process's identity is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The user; of root all three of them.
    User,
    /// The effective user.
    EffectiveUser,
    /// The group.
    Group,
    /// The effective group.
    EffectiveGroup,
}

/// Sets a part of the identity of the whole process, all its threads.
///
/// # Errors
/// When the system does not let it.
pub fn set_identity(identity: Identity, id: u32) -> std::io::Result<()> {
    // SAFETY: numbers alone.
    let result = unsafe {
        match identity {
            Identity::User => libc::setuid(id),
            Identity::EffectiveUser => libc::seteuid(id),
            Identity::Group => libc::setgid(id),
            Identity::EffectiveGroup => libc::setegid(id),
        }
    };
    if result == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}

/// Sets the supplementary groups of the whole process.
///
/// # Errors
/// When the system does not let it.
pub fn set_groups(groups: &[u32]) -> std::io::Result<()> {
    // SAFETY: a list of that length, which outlives the call.
    let result = unsafe { libc::setgroups(groups.len(), groups.as_ptr()) };
    if result == 0 {
        Ok(())
    } else {
        Err(std::io::Error::last_os_error())
    }
}
