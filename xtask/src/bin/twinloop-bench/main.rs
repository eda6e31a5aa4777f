//! The native parts of the benchmarks: the load client, the echo server that is the limit, and the launcher that measures
//! start-up. A program of its own, built with optimisation, so that xtask itself stays quick to compile.
//!
//! Each prints one line: the server its port, the others their figures as JSON.

#![forbid(unsafe_code)]

mod bulk;
mod channel;
mod chat;
mod churn;
mod client;
mod datagrams;
mod hold;
mod launch;
mod paced;
mod server;
mod websocket;

use std::process::ExitCode;

use anyhow::Result;

use channel::Peer;

const USAGE: &str = "\
twinloop-bench echo-server [PATH]                             print the port or PATH, echo until stdin closes
twinloop-bench echo-client ADDRESS CONNECTIONS BYTES SECONDS [AUTHORITY]   one message in flight on each connection
twinloop-bench bulk-client ADDRESS send|receive MEBIBYTES [AUTHORITY]      one connection, one direction
twinloop-bench hold ADDRESS CONNECTIONS BYTES [AUTHORITY]     open them, echo one message on each, print a line, wait for stdin
twinloop-bench churn-client ADDRESS CONNECTIONS SECONDS [AUTHORITY]        open, echo one message, close, so many at a time
twinloop-bench http-client ADDRESS PATH CONNECTIONS SECONDS [BYTES [AUTHORITY]]  one GET, or POST of BYTES, in flight on each connection
twinloop-bench paced-client ADDRESS PATH CONNECTIONS RATE SECONDS           GETs at a fixed rate, timed from when they are due
twinloop-bench http-server                                    print the port, answer a constant until stdin closes
twinloop-bench websocket-client ADDRESS PATH CONNECTIONS BYTES SECONDS     one message in flight on each connection
twinloop-bench fan-out-client ADDRESS PATH CONNECTIONS BYTES SECONDS       a message of one connection that all are to get
twinloop-bench chat-client ADDRESS rooms|socket.io PEOPLE SECONDS PID      what one says, and the next when all have heard it; PID is the server
twinloop-bench hold-websockets ADDRESS PATH CONNECTIONS        open them, print a line, wait for stdin
twinloop-bench udp-client PORT SOCKETS BYTES SECONDS          one datagram in flight on each socket
twinloop-bench launch PROGRAM [ARGUMENT...]                   run it once: wall time, CPU time and peak memory

ADDRESS is a port or the path of a Unix socket. With AUTHORITY, a file of certificates, it is TLS.
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
        ["echo-server"] => server::run(None, server::Answer::Echo),
        ["echo-server", path] => server::run(Some(path), server::Answer::Echo),
        ["http-server"] => server::run(None, server::Answer::Constant),
        [
            "echo-client",
            address,
            connections,
            bytes,
            seconds,
            authority @ ..,
        ] if authority.len() < 2 => {
            let peer = Peer::new(address, authority.first().copied())?;
            client::echo(&peer, connections, bytes, seconds)
        }
        ["bulk-client", address, direction, mebibytes, authority @ ..] if authority.len() < 2 => {
            let peer = Peer::new(address, authority.first().copied())?;
            bulk::run(&peer, direction, mebibytes)
        }
        ["hold", address, connections, bytes, authority @ ..] if authority.len() < 2 => {
            let peer = Peer::new(address, authority.first().copied())?;
            hold::run(&peer, connections, bytes)
        }
        [
            "churn-client",
            address,
            connections,
            seconds,
            authority @ ..,
        ] if authority.len() < 2 => {
            let peer = Peer::new(address, authority.first().copied())?;
            churn::run(&peer, connections, seconds)
        }
        [
            "http-client",
            address,
            path,
            connections,
            seconds,
            more @ ..,
        ] if more.len() < 3 => {
            let peer = Peer::new(address, more.get(1).copied())?;
            let body = more.first().copied().unwrap_or("0");
            client::http(&peer, path, connections, seconds, body)
        }
        ["paced-client", address, path, connections, rate, seconds] => {
            let peer = Peer::new(address, None)?;
            paced::http(&peer, path, connections, rate, seconds)
        }
        ["hold-websockets", address, path, connections] => {
            websocket::hold(&Peer::new(address, None)?, path, connections)
        }
        [
            "websocket-client",
            address,
            path,
            connections,
            bytes,
            seconds,
        ] => websocket::echo(
            &Peer::new(address, None)?,
            path,
            connections,
            bytes,
            seconds,
        ),
        ["fan-out-client", address, path, connections, bytes, seconds] => websocket::fan_out(
            &Peer::new(address, None)?,
            path,
            connections,
            bytes,
            seconds,
        ),
        ["chat-client", address, words, people, seconds, server] => {
            chat::run(&Peer::new(address, None)?, words, people, seconds, server)
        }
        ["udp-client", port, sockets, bytes, seconds] => {
            datagrams::run(port, sockets, bytes, seconds)
        }
        ["launch", program, arguments @ ..] => launch::run(program, arguments),
        _ => return Ok(false),
    }?;
    Ok(true)
}
