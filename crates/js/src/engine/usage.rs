//! What the system counts of this process and this thread, for `process.resourceUsage`.

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
