//! Running other programs: with their output shown, or captured, or both; never longer than a limit where one is given.

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::terminal;

/// Runs a program with its output shown; fails unless it succeeds.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("run {}", shown(command)))?;
    if !status.success() {
        bail!("{} failed: {status}", shown(command));
    }
    Ok(())
}

/// Runs a program and gives what it wrote to standard output; fails unless it succeeds.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("run {}", shown(command)))?;
    if !output.status.success() {
        bail!(
            "{} failed: {}\n{}",
            shown(command),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

/// As [`output`], for a program that fetches from a network: it is run again, twice at most, after it failed, because
/// registries refuse, stall and break off now and then.
pub(crate) fn fetch(command: &mut Command) -> Result<String> {
    for pause in [Duration::from_secs(3), Duration::from_secs(15)] {
        match output(command) {
            Ok(printed) => return Ok(printed),
            Err(failure) => {
                terminal::note(&format!("{failure:#}\nonce more in {} s", pause.as_secs()))
            }
        }
        std::thread::sleep(pause);
    }
    output(command)
}

/// Whether a program runs and succeeds; it says nothing.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The first file of that name on PATH.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata()
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// A command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let quoted = |part: &OsStr| {
        let part = part.to_string_lossy();
        if part.is_empty() || part.contains(' ') {
            format!("'{part}'")
        } else {
            part.into_owned()
        }
    };
    let mut text = quoted(command.get_program());
    for argument in command.get_args() {
        let _ = write!(text, " {}", quoted(argument));
    }
    text
}

/// What a finished program did.
pub(crate) struct Finished {
    /// Both streams, line by line, in the order in which the lines ended.
    pub(crate) output: String,
    /// Standard output alone.
    pub(crate) printed: String,
    /// `None` when it was ended because it took too long.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) time: Duration,
}

impl Finished {
    pub(crate) fn success(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// `exit status: 1`, or that it took too long.
    pub(crate) fn how(&self) -> String {
        match self.status {
            Some(status) => status.to_string(),
            None => format!(
                "ended after {:.0} s without finishing",
                self.time.as_secs_f64()
            ),
        }
    }
}

/// Runs a program, gathers both streams, and ends it (with what it started) after `limit`.
/// `show` is called with each line as it comes.
pub(crate) fn gather(command: &mut Command, limit: Duration, show: fn(&str)) -> Result<Finished> {
    use std::os::unix::process::CommandExt;
    let start = Instant::now();
    // A group of its own, so that ending it also ends its children.
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    let mut child = command
        .spawn()
        .with_context(|| format!("run {}", shown(command)))?;
    let gathered = Arc::new(Mutex::new(String::new()));
    let stdout = child
        .stdout
        .take()
        .map(|pipe| follow(pipe, &gathered, show));
    let stderr = child
        .stderr
        .take()
        .map(|pipe| follow(pipe, &gathered, show));
    let watchdog = Watchdog::start(child.id(), limit);
    let status = child.wait()?;
    let time = start.elapsed();
    let status = (!watchdog.stop()).then_some(status);
    let printed = stdout.and_then(|thread| thread.join().ok());
    if let Some(thread) = stderr {
        let _ = thread.join();
    }
    let output = std::mem::take(
        &mut *gathered
            .lock()
            .expect("the threads that held it have ended"),
    );
    Ok(Finished {
        output,
        printed: printed.unwrap_or_default(),
        status,
        time,
    })
}

/// Ends a process group after a time unless it is stopped before. It sleeps meanwhile: measurements run beside it.
pub(crate) struct Watchdog {
    stopped: std::sync::mpsc::Sender<()>,
    thread: std::thread::JoinHandle<bool>,
}

impl Watchdog {
    /// Watches the group that `leader` leads.
    pub(crate) fn start(leader: u32, limit: Duration) -> Watchdog {
        let (stopped, is_stopped) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let expired =
                is_stopped.recv_timeout(limit) == Err(std::sync::mpsc::RecvTimeoutError::Timeout);
            if expired {
                let _ = Command::new("kill")
                    .args(["-KILL", "--", &format!("-{leader}")])
                    .status();
            }
            expired
        });
        Watchdog { stopped, thread }
    }

    /// Stops watching; true if the group was ended already.
    pub(crate) fn stop(self) -> bool {
        // The thread is gone already if it has ended the group.
        let _ = self.stopped.send(());
        self.thread.join().unwrap_or(false)
    }
}

fn follow(
    pipe: impl Read + Send + 'static,
    gathered: &Arc<Mutex<String>>,
    show: fn(&str),
) -> std::thread::JoinHandle<String> {
    let gathered = Arc::clone(gathered);
    std::thread::spawn(move || {
        let mut own = String::new();
        let mut lines = BufReader::new(pipe);
        let mut line = Vec::new();
        while lines
            .read_until(b'\n', &mut line)
            .is_ok_and(|count| count > 0)
        {
            let text = String::from_utf8_lossy(&line);
            show(text.trim_end_matches('\n'));
            gathered
                .lock()
                .expect("nobody panics while holding it")
                .push_str(&text);
            own.push_str(&text);
            line.clear();
        }
        own
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fetches_is_run_again_after_it_failed() {
        let came = std::env::temp_dir().join(format!("twinloop-fetch-{}", std::process::id()));
        let mut fails_once = Command::new("sh");
        let script = r#"rm "$0" 2>/dev/null && echo there || { : > "$0"; exit 1; }"#;
        fails_once.args(["-c", script]).arg(&came);
        assert_eq!(fetch(&mut fails_once).unwrap(), "there");
    }
}
