//! Colour when a person reads, plain text when a program does (`NO_COLOR`, a pipe, CI).

use std::io::IsTerminal;
use std::sync::OnceLock;
use std::time::Duration;

use anyhow::Result;

use crate::disk;

fn colours() -> bool {
    static COLOURS: OnceLock<bool> = OnceLock::new();
    *COLOURS.get_or_init(|| {
        std::env::var_os("NO_COLOR").is_none()
            && std::io::stdout().is_terminal()
            && std::io::stderr().is_terminal()
    })
}

fn paint(code: &str, text: &str) -> String {
    if colours() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

pub(crate) fn bold(text: &str) -> String {
    paint("1", text)
}

pub(crate) fn dim(text: &str) -> String {
    paint("2", text)
}

pub(crate) fn red(text: &str) -> String {
    paint("31;1", text)
}

pub(crate) fn green(text: &str) -> String {
    paint("32", text)
}

pub(crate) fn cyan(text: &str) -> String {
    paint("36", text)
}

/// Says what begins now.
pub(crate) fn step(what: &str) {
    let free = disk::free_for_log().map_or_else(String::new, |free| dim(&format!(" ({free})")));
    eprintln!("{} {what}{free}", green("==>"));
}

/// Says a detail of the step.
pub(crate) fn note(what: &str) {
    eprintln!("    {}", dim(what));
}

/// Says what begins, does it, and says what it cost.
pub(crate) fn timed<T>(what: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    step(what);
    let start = std::time::Instant::now();
    let result = work()?;
    note(&format!("took {}", duration(start.elapsed())));
    Ok(result)
}

/// `2.5 min`, `1.2 s`, `34 ms`.
pub(crate) fn duration(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds >= 100.0 => format!("{:.1} min", seconds / 60.0),
        seconds if seconds >= 1.0 => format!("{seconds:.1} s"),
        seconds => format!("{:.0} ms", seconds * 1e3),
    }
}

/// Says every half minute how long `work` has been going on, for work that is silent for long.
pub(crate) fn while_ticking<T>(what: &str, work: impl FnOnce() -> T) -> T {
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let start = std::time::Instant::now();
            while is_done.recv_timeout(Duration::from_secs(30))
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                note(&format!(
                    "{what}: {} min so far",
                    start.elapsed().as_secs() / 60
                ));
            }
        });
        let result = work();
        drop(done);
        result
    })
}
