//! The native parts of the benchmarks: the load client, the echo server that is the limit, and the launcher that measures
//! start-up. A program of its own, built with optimisation, so that xtask itself stays quick to compile.
//!
//! Each prints one line: the server its port, the others their figures as JSON.

#![forbid(unsafe_code)]

mod channel;
mod client;
mod datagrams;
mod hold;
mod launch;
mod server;

use std::process::ExitCode;

use anyhow::Result;

use channel::Peer;

const USAGE: &str = "\
twinloop-bench echo-server                                 print the port, echo until stdin closes
twinloop-bench echo-client PORT CONNECTIONS BYTES SECONDS  one message in flight on each connection
twinloop-bench tls-echo-client PORT CONNECTIONS BYTES SECONDS AUTHORITY   the same over TLS; AUTHORITY is a file of certificates
twinloop-bench hold PORT CONNECTIONS BYTES [AUTHORITY]     open them, echo one message on each, print a line, wait for stdin
twinloop-bench http-client PORT PATH CONNECTIONS SECONDS   one GET in flight on each connection
twinloop-bench udp-client PORT SOCKETS BYTES SECONDS       one datagram in flight on each socket
twinloop-bench launch PROGRAM [ARGUMENT...]                run it once: wall time, CPU time and peak memory
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprint!("{USAGE}");
            ExitCode::from(2)
        }
        Err(error) => {
            eprintln!("twinloop-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// False if the words are none of the commands.
fn run(words: &[&str]) -> Result<bool> {
    match words {
        ["echo-server"] => server::run(),
        ["echo-client", port, connections, bytes, seconds] => {
            client::echo(&Peer::new(port, None)?, connections, bytes, seconds)
        }
        [
            "tls-echo-client",
            port,
            connections,
            bytes,
            seconds,
            authority,
        ] => client::echo(
            &Peer::new(port, Some(authority))?,
            connections,
            bytes,
            seconds,
        ),
        ["hold", port, connections, bytes] => {
            hold::run(&Peer::new(port, None)?, connections, bytes)
        }
        ["hold", port, connections, bytes, authority] => {
            hold::run(&Peer::new(port, Some(authority))?, connections, bytes)
        }
        ["http-client", port, path, connections, seconds] => {
            client::http(&Peer::new(port, None)?, path, connections, seconds)
        }
        ["udp-client", port, sockets, bytes, seconds] => {
            datagrams::run(port, sockets, bytes, seconds)
        }
        ["launch", program, arguments @ ..] => launch::run(program, arguments),
        _ => return Ok(false),
    }?;
    Ok(true)
}
