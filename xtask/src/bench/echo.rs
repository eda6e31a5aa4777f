//! The groups of one echo server on each loop: rates over TCP, Unix sockets and TLS, beside a busy thread, one connection
//! that carries much, short connections, and the memory of an idle one.
//!
//! The load client is native, its TLS is rustls, so that it shares no code with the servers. rloop has no TLS.

use anyhow::Result;

use super::python::loops;
use super::report::Report;
use super::servers::{BULK_MEBIBYTES, Carrier, NATIVE, Server};
use super::table::Unit;
use super::{Plan, rounds};
use crate::python::Venv;

const SIZES: [(usize, &str); 3] = [(1024, "1 KiB"), (10_240, "10 KiB"), (102_400, "100 KiB")];
const CONNECTIONS: [usize; 3] = [1, 16, 256];
const IDLE_CONNECTIONS: usize = 250;

pub(crate) fn tcp(plan: &Plan, report: &mut Report) -> Result<()> {
    let styles = ["protocol", "buffered", "streams", "sockets"];
    rates(plan, report, "echo", Carrier::Tcp, &styles)
}

pub(crate) fn unix(plan: &Plan, report: &mut Report) -> Result<()> {
    rates(
        plan,
        report,
        "unix",
        Carrier::Unix,
        &["protocol", "streams"],
    )
}

pub(crate) fn tls(plan: &Plan, report: &mut Report) -> Result<()> {
    rates(plan, report, "tls", Carrier::Tls, &["protocol", "streams"])
}

fn rates(
    plan: &Plan,
    report: &mut Report,
    group: &str,
    carrier: Carrier,
    styles: &[&str],
) -> Result<()> {
    let (venv, loops) = loops(plan, report)?;
    let servers = servers_over(carrier, &loops);
    for style in styles {
        for (bytes, size) in SIZES {
            for connections in CONNECTIONS {
                let case = format!("{style} {size} x{connections}");
                rounds(plan, report, group, &case, &servers, |name| {
                    let server = Server::echo(&venv, name, carrier, &[style])?;
                    let rate = server.load(connections, bytes, plan.seconds)?;
                    Ok((Unit::PerSecond, rate))
                });
            }
        }
    }
    Ok(())
}

/// Which servers there are: rloop has no TLS, nor has the native one.
fn servers_over(carrier: Carrier, loops: &[&'static str]) -> Vec<&'static str> {
    if carrier == Carrier::Tls {
        let with_tls = loops.iter().filter(|name| **name != "rloop");
        return with_tls.copied().collect();
    }
    [loops, &[NATIVE]].concat()
}

/// Protocol echo beside a thread that computes in Python and so wants the interpreter's lock all the time.
pub(crate) fn busy(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, loops) = loops(plan, report)?;
    for connections in [1, 16] {
        let case = format!("protocol 1 KiB x{connections}");
        rounds(plan, report, "busy", &case, &loops, |name| {
            let server = Server::echo(&venv, name, Carrier::Tcp, &["protocol", "busy"])?;
            let rate = server.load(connections, 1024, plan.seconds)?;
            Ok((Unit::PerSecond, rate))
        });
    }
    Ok(())
}

/// One connection and one direction, by Protocol and by streams, plain and over TLS.
pub(crate) fn bulk(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, loops) = loops(plan, report)?;
    for (carrier, over) in [(Carrier::Tcp, ""), (Carrier::Tls, " over TLS")] {
        for style in ["protocol", "streams"] {
            // What the server sends the client receives.
            for (does, direction) in [("send", "receive"), ("receive", "send")] {
                let case = format!("{style} {does} {BULK_MEBIBYTES} MiB{over}");
                let kind = format!("{style}-{does}");
                rounds(plan, report, "bulk", &case, &loops, |name| {
                    let server = Server::echo(&venv, name, carrier, &[&kind])?;
                    Ok((Unit::MebibytesPerSecond, server.bulk(direction)?))
                });
            }
        }
    }
    Ok(())
}

/// Connections that are opened, carry one message and are closed: how many a second one after the other; and the server's CPU time
/// for each where several are open at a time, because the client costs as much as a server then.
pub(crate) fn connections(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, loops) = loops(plan, report)?;
    for (carrier, style, at_once, over) in [
        (Carrier::Tcp, "protocol", 1, ""),
        (Carrier::Tcp, "protocol", 16, ""),
        (Carrier::Tcp, "streams", 16, ""),
        (Carrier::Tls, "protocol", 16, " over TLS"),
    ] {
        let contestants = servers_over(carrier, &loops);
        let case = format!("{style} x{at_once}{over}");
        rounds(plan, report, "connections", &case, &contestants, |name| {
            let server = Server::echo(&venv, name, carrier, &[style])?;
            let churn = server.churn(at_once, plan.seconds)?;
            Ok(match at_once {
                1 => (Unit::PerSecond, churn.per_second),
                _ => (Unit::Nanoseconds, churn.cpu_ns),
            })
        });
    }
    Ok(())
}

/// What a server's memory grows by for an idle connection that has carried one message.
pub(crate) fn memory(plan: &Plan, report: &mut Report) -> Result<()> {
    let (venv, loops) = loops(plan, report)?;
    for (carrier, style, bytes, case) in [
        (Carrier::Tcp, "protocol", 1024, "protocol, after 1 KiB"),
        (Carrier::Tcp, "streams", 1024, "streams, after 1 KiB"),
        (Carrier::Tls, "protocol", 1024, "TLS, after 1 KiB"),
        (Carrier::Tls, "protocol", 256 * 1024, "TLS, after 256 KiB"),
    ] {
        rounds(plan, report, "memory", case, &loops, |name| {
            let kib = memory_for_each(&venv, name, carrier, style, bytes)?;
            Ok((Unit::Kibibytes, kib))
        });
    }
    Ok(())
}

fn memory_for_each(
    venv: &Venv,
    name: &str,
    carrier: Carrier,
    style: &str,
    bytes: usize,
) -> Result<f64> {
    let server = Server::echo(venv, name, carrier, &[style])?;
    // One connection first: what all of them share is not counted.
    let first = server.hold(1, bytes)?;
    let before = server.memory_kib()?;
    let held = server.hold(IDLE_CONNECTIONS, bytes)?;
    let after = server.memory_kib()?;
    drop((first, held));
    Ok((after - before) / IDLE_CONNECTIONS as f64)
}
