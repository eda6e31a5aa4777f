//! Happy eyeballs (RFC 8305): several addresses raced, each 250 ms after the one before.
//!
//! Families alternate, beginning with the family that the resolver put first. An attempt that fails starts the next at
//! once. The losers are closed by being dropped. At most one attempt per address exists (rule BOUNDED).

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;
use twinloop_loop::net::Stream;
use twinloop_loop::time;

/// The RFC's recommended "Connection Attempt Delay".
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

type Attempt = Pin<Box<dyn Future<Output = io::Result<Stream>>>>;

/// The first connection that succeeds, else the error of the first address that failed.
pub(super) async fn connect_any(addresses: Vec<SocketAddr>) -> io::Result<Stream> {
    if let [only] = addresses.as_slice() {
        return Stream::connect(*only).await;
    }
    let mut waiting = alternate_families(addresses).into_iter();
    let mut running: Vec<Attempt> = Vec::new();
    let mut first_error = None;
    loop {
        match waiting.next() {
            Some(address) => running.push(Box::pin(Stream::connect(address))),
            None if running.is_empty() => {
                return Err(first_error.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()));
            }
            None => {}
        }
        // The last address has nobody after it to hurry for.
        let step = race(&mut running);
        let outcome = if waiting.len() == 0 {
            Some(step.await)
        } else {
            time::timeout(ATTEMPT_DELAY, step).await.ok()
        };
        match outcome {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => first_error = first_error.or(Some(error)),
            None => {}
        }
    }
}

/// The next attempt to finish, taken out of `running`.
async fn race(running: &mut Vec<Attempt>) -> io::Result<Stream> {
    poll_fn(|context| {
        for index in 0..running.len() {
            if let Poll::Ready(result) = running[index].as_mut().poll(context) {
                drop(running.remove(index));
                return Poll::Ready(result);
            }
        }
        Poll::Pending
    })
    .await
}

/// A, B, A, B, ... where A is the family of the first address; each family keeps its order.
fn alternate_families(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let count = addresses.len();
    let (first, second): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first_is_v6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut ordered = Vec::with_capacity(count);
    while ordered.len() < count {
        ordered.extend(first.next());
        ordered.extend(second.next());
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_alternate_and_keep_their_order() {
        let addresses =
            ["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"].map(|text| text.parse().unwrap());
        let ordered: Vec<String> = alternate_families(addresses.to_vec())
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(ordered, ["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]);
    }

    #[test]
    fn an_address_that_refuses_is_passed_over_and_all_refusing_is_the_first_error() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let good = listener.local_addr().unwrap();
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let refusing = closed.local_addr().unwrap();
        drop(closed);
        twinloop_loop::Loop::new().unwrap().block_on(async {
            let stream = connect_any(vec![refusing, refusing, good]).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), good);
            let error = connect_any(vec![refusing, refusing]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        });
    }
}
