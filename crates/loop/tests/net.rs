//! Sockets: both interfaces of a stream, back-pressure, ends and errors.

use std::cell::RefCell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use twinloop_loop::net::{
    Datagram, DatagramOptions, Interface, Listener, Stream, StreamHandler, interface_index, lookup,
};
use twinloop_loop::time::{sleep, timeout};
use twinloop_loop::{Loop, Wait};

fn any_port() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

#[test]
fn bytes_echo_over_tcp() {
    let event_loop = Loop::new().unwrap();
    event_loop.block_on(async {
        let listener = Listener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        let server = Loop::current().spawn(async move {
            let (mut stream, peer) = listener.accept().await.unwrap();
            assert!(peer.is_some());
            let mut buffer = [0; 100];
            loop {
                let count = stream.read(&mut buffer).await.unwrap();
                if count == 0 {
                    break;
                }
                stream.write_all(&buffer[..count]).await.unwrap();
            }
            stream.shutdown().await.unwrap();
        });
        let mut client = Stream::connect(address).await.unwrap();
        client.set_nodelay(true).unwrap();
        for _ in 0..1000 {
            client.write_all(b"hello").await.unwrap();
            let mut answer = [0; 5];
            client.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"hello");
        }
        client.shutdown().await.unwrap();
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        server.await.unwrap();
    });
    assert_eq!(event_loop.statistics().descriptors, 0);
}

#[test]
fn megabytes_cross_in_both_directions_at_once() {
    let event_loop = Loop::new().unwrap();
    event_loop.block_on(async {
        let directory = std::env::temp_dir().join(format!("twinloop-net-{}", std::process::id()));
        let listener = Listener::bind_unix(&directory).unwrap();
        let server = Loop::current().spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let (mut reader, mut writer) = tokio::io::split(stream);
            let copied = tokio::io::copy(&mut reader, &mut writer).await.unwrap();
            writer.shutdown().await.unwrap();
            copied
        });
        let stream = Stream::connect_unix(&directory).await.unwrap();
        std::fs::remove_file(&directory).unwrap();
        let (mut reader, mut writer) = tokio::io::split(stream);
        let sent: Vec<u8> = (0..8_000_000u32)
            .map(|number| (number % 251) as u8)
            .collect();
        let expected = sent.clone();
        let sender = Loop::current().spawn(async move {
            writer.write_all(&sent).await.unwrap();
            writer.shutdown().await.unwrap();
        });
        let mut received = Vec::new();
        reader.read_to_end(&mut received).await.unwrap();
        assert!(received == expected);
        sender.await.unwrap();
        assert_eq!(server.await.unwrap(), 8_000_000);
    });
}

#[test]
fn a_refused_connection_is_an_error() {
    let event_loop = Loop::new().unwrap();
    event_loop.block_on(async {
        let listener = Listener::bind(any_port()).unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let error = Stream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
    assert_eq!(event_loop.statistics().descriptors, 0);
}

#[test]
fn a_dropped_accept_loses_no_connection() {
    let event_loop = Loop::new().unwrap();
    event_loop.block_on(async {
        let listener = Listener::bind(any_port()).unwrap();
        assert!(
            timeout(Duration::from_millis(5), listener.accept())
                .await
                .is_err()
        );
        let client = Stream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, Some(client.local_addr().unwrap()));
    });
}

#[test]
fn names_and_literals_resolve() {
    let event_loop = Loop::new().unwrap();
    event_loop.block_on(async {
        assert_eq!(
            lookup("127.0.0.1", 80).await.unwrap(),
            [SocketAddr::from(([127, 0, 0, 1], 80))]
        );
        assert!(lookup("[::1]", 80).await.unwrap()[0].is_ipv6());
        assert!(
            lookup("localhost", 1)
                .await
                .unwrap()
                .iter()
                .all(|address| address.ip().is_loopback())
        );
        let error = lookup("no such host", 1).await.unwrap_err();
        assert!(error.to_string().contains("lookup"), "{error}");
    });
}

/// Reads everything, remembers what it was told, and can be asked to write.
struct Recorder {
    stream: Rc<Stream>,
    received: RefCell<Vec<u8>>,
    log: RefCell<Vec<String>>,
    buffer_size: usize,
}

impl StreamHandler for Recorder {
    fn readable(&self) {
        let mut buffer = vec![0; self.buffer_size];
        match self.stream.read_once(&mut buffer) {
            Ok(0) => self.log.borrow_mut().push("end".into()),
            Ok(count) => self
                .received
                .borrow_mut()
                .extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => self.log.borrow_mut().push(format!("{:?}", error.kind())),
        }
    }
    fn flushed(&self) {
        self.log
            .borrow_mut()
            .push(format!("flushed, {} left", self.stream.queued()));
    }
    fn failed(&self, error: io::Error) {
        self.log
            .borrow_mut()
            .push(format!("failed: {:?}", error.kind()));
    }
}

fn handled_pair(
    event_loop: &Loop,
    buffer_size: usize,
) -> (Rc<Recorder>, std::os::unix::net::UnixStream) {
    let _entered = event_loop.enter();
    let (own, other) = std::os::unix::net::UnixStream::pair().unwrap();
    own.set_nonblocking(true).unwrap();
    let owner = OwnedFd::from(own);
    let stream = Rc::new(Stream::from_owner(owner.as_raw_fd(), Box::new(owner)).unwrap());
    let recorder = Rc::new(Recorder {
        stream: Rc::clone(&stream),
        received: RefCell::default(),
        log: RefCell::default(),
        buffer_size,
    });
    stream.set_handler(Some(Rc::clone(&recorder) as Rc<dyn StreamHandler>));
    (recorder, other)
}

/// Reads from the other end until so many bytes are there, while the loop goes on sending.
fn receive(event_loop: &Loop, other: &mut impl io::Read, length: usize) -> Vec<u8> {
    let mut received = Vec::new();
    let mut buffer = vec![0; 300_001];
    while received.len() < length {
        match other.read(&mut buffer) {
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => turns(event_loop, 1),
            Err(error) => panic!("{error}"),
        }
    }
    received
}

fn turns(event_loop: &Loop, count: usize) {
    for _ in 0..count {
        event_loop.block_on(async { sleep(Duration::from_micros(100)).await });
    }
}

#[test]
fn a_handler_gets_every_byte_and_the_end_once() {
    let event_loop = Loop::new().unwrap();
    let _entered = event_loop.enter();
    let (recorder, mut other) = handled_pair(&event_loop, 7);
    // Bytes and end of stream arrive together: no further edge announces the end.
    io::Write::write_all(&mut other, b"twenty bytes of text").unwrap();
    drop(other);
    turns(&event_loop, 10);
    assert_eq!(*recorder.received.borrow(), b"twenty bytes of text");
    assert_eq!(*recorder.log.borrow(), ["end"]);
}

#[test]
fn a_paused_handler_hears_nothing_until_it_resumes() {
    let event_loop = Loop::new().unwrap();
    let _entered = event_loop.enter();
    let (recorder, mut other) = handled_pair(&event_loop, 100);
    recorder.stream.pause_reading();
    io::Write::write_all(&mut other, b"early").unwrap();
    turns(&event_loop, 5);
    assert!(recorder.received.borrow().is_empty());
    recorder.stream.resume_reading();
    turns(&event_loop, 2);
    assert_eq!(*recorder.received.borrow(), b"early");
}

#[test]
fn writes_of_one_turn_leave_together_and_large_ones_at_once() {
    let event_loop = Loop::new().unwrap();
    let _entered = event_loop.enter();
    let (recorder, mut other) = handled_pair(&event_loop, 100);
    other.set_nonblocking(true).unwrap();
    let mut buffer = vec![0; 200_000];
    recorder.stream.write(b"one ").unwrap();
    recorder.stream.write(b"two").unwrap();
    assert_eq!(
        recorder.stream.queued(),
        7,
        "small writes wait for the end of the turn"
    );
    event_loop.turn(Wait::No);
    assert_eq!(io::Read::read(&mut other, &mut buffer).unwrap(), 7);
    assert_eq!(recorder.stream.queued(), 0);

    recorder.stream.write(&vec![1; 100_000]).unwrap();
    assert_eq!(
        io::Read::read(&mut other, &mut buffer).unwrap(),
        100_000,
        "a large write does not wait"
    );
}

#[test]
fn a_large_write_takes_along_what_waits_and_the_handler_hears_that_all_has_left() {
    let event_loop = Loop::new().unwrap();
    let _entered = event_loop.enter();
    let (recorder, mut other) = handled_pair(&event_loop, 100);
    other.set_nonblocking(true).unwrap();
    let mut buffer = vec![0; 200_000];
    recorder.stream.write(b"head").unwrap();
    recorder.stream.write(&vec![1; 50_000]).unwrap();
    assert_eq!(recorder.stream.queued(), 0);
    assert_eq!(io::Read::read(&mut other, &mut buffer).unwrap(), 50_004);
    assert_eq!(&buffer[..5], b"head\x01");
    event_loop.turn(Wait::No);
    assert_eq!(*recorder.log.borrow(), ["flushed, 0 left"]);

    // What the socket does not take comes behind, in its place.
    recorder.stream.write(b"head").unwrap();
    recorder.stream.write(&vec![2; 4_000_000]).unwrap();
    recorder.stream.write(b"end").unwrap();
    let received = receive(&event_loop, &mut other, 4_000_007);
    assert!(received.starts_with(b"head\x02") && received.ends_with(b"\x02end"));
}

#[test]
fn a_full_socket_keeps_the_rest_and_goes_on_when_it_drains() {
    let event_loop = Loop::new().unwrap();
    let _entered = event_loop.enter();
    let (recorder, mut other) = handled_pair(&event_loop, 100);
    other.set_nonblocking(true).unwrap();
    let mut buffer = vec![0; 1 << 20];
    recorder.stream.write(&vec![7; 4_000_000]).unwrap();
    recorder.stream.shutdown_write_when_flushed();
    assert!(recorder.stream.queued() > 1_000_000);
    let mut received = 0;
    loop {
        match io::Read::read(&mut other, &mut buffer) {
            Ok(0) => break,
            Ok(count) => received += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => turns(&event_loop, 1),
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(received, 4_000_000);
    assert_eq!(recorder.log.borrow().last().unwrap(), "flushed, 0 left");
}

#[test]
fn what_is_kept_and_what_is_copied_arrives_in_the_order_of_the_writes() {
    let event_loop = Loop::new().unwrap();
    let _entered = event_loop.enter();
    let (recorder, mut other) = handled_pair(&event_loop, 100);
    other.set_nonblocking(true).unwrap();
    let kept: Rc<Vec<u8>> = Rc::new((0..2_000_000u32).map(|index| index as u8).collect());
    let mut expected = Vec::new();
    for round in 0..3u8 {
        let small = [round; 1000];
        recorder.stream.write(&small).unwrap();
        let owner = Rc::clone(&kept);
        recorder
            .stream
            .write_kept(&kept, move || Box::new(SharedBytes(owner)))
            .unwrap();
        expected.extend_from_slice(&small);
        expected.extend_from_slice(&kept);
    }
    assert!(
        Rc::strong_count(&kept) > 1,
        "what the socket did not take is not copied"
    );
    let received = receive(&event_loop, &mut other, expected.len());
    assert!(received == expected);
    assert_eq!(recorder.stream.queued(), 0);
    assert_eq!(Rc::strong_count(&kept), 1, "what is sent is let go");
}

struct SharedBytes(Rc<Vec<u8>>);

impl AsRef<[u8]> for SharedBytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[test]
fn a_write_to_a_closed_peer_is_reported() {
    let event_loop = Loop::new().unwrap();
    let _entered = event_loop.enter();
    let (recorder, other) = handled_pair(&event_loop, 100);
    drop(other);
    recorder.stream.write(b"too late").unwrap();
    turns(&event_loop, 2);
    assert!(
        recorder
            .log
            .borrow()
            .contains(&"failed: BrokenPipe".to_owned()),
        "{:?}",
        recorder.log.borrow()
    );
    recorder.stream.close();
    assert_eq!(
        recorder.stream.write(&vec![0; 100_000]).unwrap_err().kind(),
        io::ErrorKind::NotConnected
    );
    assert_eq!(event_loop.statistics().descriptors, 0);
}

#[test]
fn datagrams_tell_their_sender_and_only_the_peer_of_a_connected_socket_is_heard() {
    let event_loop = Loop::new().unwrap();
    event_loop.block_on(async {
        let options = DatagramOptions::default();
        let server = Datagram::bind(any_port(), options).unwrap();
        let client = Datagram::bind(any_port(), options).unwrap();
        let stranger = Datagram::bind(any_port(), options).unwrap();
        let parts = [io::IoSlice::new(b"ab"), io::IoSlice::new(b"c")];
        let to = server.local_addr().unwrap();
        assert_eq!(client.send_once(&parts, Some(to)).unwrap(), 3);
        let mut buffer = [0; 2];
        let (count, sender) = server.receive_once(&mut buffer).unwrap();
        // What does not fit is cut off.
        assert_eq!((count, &buffer), (2, b"ab"));
        assert_eq!(sender, Some(client.local_addr().unwrap()));
        client.connect(to).unwrap();
        assert_eq!(client.peer_addr().unwrap(), to);
        let own = client.local_addr().unwrap();
        let text = [io::IoSlice::new(b"x")];
        stranger.send_once(&text, Some(own)).unwrap();
        let nothing = client.receive_once(&mut buffer).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
        client.disconnect().unwrap();
        assert!(client.peer_addr().is_err());
    });
}

#[test]
fn a_group_of_ipv6_with_a_source_is_entered_once_and_left_once() {
    let event_loop = Loop::new().unwrap();
    event_loop.block_on(async {
        let options = DatagramOptions::default();
        let Ok(socket) = Datagram::bind("[::1]:0".parse().unwrap(), options) else {
            return;
        };
        let source = "::1".parse().unwrap();
        let group = "ff3e::1234".parse().unwrap();
        let at = Some(Interface::Index(interface_index("lo").unwrap()));
        socket
            .set_source_membership(source, group, at, true)
            .unwrap();
        socket
            .set_source_membership(source, group, at, true)
            .unwrap_err();
        socket
            .set_source_membership(source, group, at, false)
            .unwrap();
        socket
            .set_source_membership(source, group, at, false)
            .unwrap_err();
        let mixed = socket.set_source_membership("127.0.0.1".parse().unwrap(), group, at, true);
        assert_eq!(mixed.unwrap_err().kind(), io::ErrorKind::InvalidInput);
    });
}
