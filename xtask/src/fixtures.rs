//! The local servers as a child process; they end when this handle is dropped, or when this process dies.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result};
use serde_json::Value;

/// Running servers.
pub(crate) struct Fixtures {
    child: Child,
    /// The line that they printed: addresses and the authority's file.
    pub(crate) addresses: Value,
}

impl Fixtures {
    /// Starts `program`; `pin` names the core that it may run on.
    pub(crate) fn start(program: &Path, pin: Option<usize>) -> Result<Fixtures> {
        let mut command = match pin {
            Some(core) => {
                let mut pinned = Command::new("taskset");
                pinned.args(["-c", &core.to_string()]).arg(program);
                pinned
            }
            None => Command::new(program),
        };
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("stdout is a pipe")).read_line(&mut line)?;
        let addresses =
            serde_json::from_str(&line).context("the fixtures' first line is not JSON")?;
        Ok(Fixtures { child, addresses })
    }

    /// One of the addresses, `""` if there is none of that name.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.addresses[name].as_str().unwrap_or_default()
    }

    /// `HOST:PORT:ADDR:PORT` for each public name that these servers answer for.
    pub(crate) fn targets(&self) -> Vec<&str> {
        self.addresses["connect_to"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    }

    /// Arguments of `twinloop` that send programs which name example.com to these servers.
    pub(crate) fn redirections(&self) -> Vec<&str> {
        self.targets()
            .into_iter()
            .flat_map(|target| ["--connect-to", target])
            .collect()
    }
}

impl Drop for Fixtures {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
