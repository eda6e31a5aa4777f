//! Runs a program once and measures it from outside.
//!
//! The peak memory is that of the only child that this process ever waits for. A child's peak starts at its parent's, so the
//! launcher is this small program and not xtask or Python.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use nix::sys::resource::{UsageWho, getrusage};

pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let start = Instant::now();
    let status = command.status().with_context(|| format!("run {program}"))?;
    let wall = start.elapsed();
    ensure!(status.success(), "{program} failed: {status}");
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let cpu_us = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    println!(
        "{}",
        serde_json::json!({
            "wall_ms": wall.as_secs_f64() * 1e3,
            "cpu_ms": (cpu_us(usage.user_time()) + cpu_us(usage.system_time())) as f64 / 1e3,
            "peak_mib": usage.max_rss() as f64 / 1024.0,
        })
    );
    Ok(())
}
