//! The native parts of the benchmarks: the load client, the echo server that is the limit, and the launcher that measures
//! start-up. A program of its own, built with optimisation, so that xtask itself stays quick to compile.
//!
//! Each prints one line: the server its port, the others their figures as JSON.

#![forbid(unsafe_code)]

mod client;
mod datagrams;
mod launch;
mod server;

use std::process::ExitCode;

const USAGE: &str = "\
twinloop-bench echo-server                                 print the port, echo until stdin closes
twinloop-bench echo-client PORT CONNECTIONS BYTES SECONDS  one message in flight on each connection
twinloop-bench http-client PORT PATH CONNECTIONS SECONDS   one GET in flight on each connection
twinloop-bench udp-client PORT SOCKETS BYTES SECONDS       one datagram in flight on each socket
twinloop-bench launch PROGRAM [ARGUMENT...]                run it once: wall time, CPU time and peak memory
";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["echo-server"] => server::run(),
        ["echo-client", port, connections, bytes, seconds] => {
            client::echo(port, connections, bytes, seconds)
        }
        ["http-client", port, path, connections, seconds] => {
            client::http(port, path, connections, seconds)
        }
        ["udp-client", port, sockets, bytes, seconds] => {
            datagrams::run(port, sockets, bytes, seconds)
        }
        ["launch", program, arguments @ ..] => launch::run(program, arguments),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("twinloop-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}
