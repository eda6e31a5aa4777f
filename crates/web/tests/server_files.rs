//! Files by the server: what is found, what never is, conditions and ranges.

mod common;

use common::run;
use std::cell::RefCell;
use std::error::Error as _;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;
use twinloop_loop::net::{Listener, Stream};
use twinloop_loop::time::sleep;
use twinloop_web::server::{
    Asked, Exchange, FileAnswer, Folder, FolderOptions, Limits, Server, answer_file,
};
use twinloop_web::{Client, Config};

fn asked(target: &str, fields: &[(&str, &str)]) -> Asked {
    let fields = fields
        .iter()
        .map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    Asked::new("GET", target.as_bytes(), fields)
}

/// Fields of a request, the status and the text that they lead to.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str);

async fn content(answer: &mut FileAnswer) -> String {
    let Some(body) = &mut answer.body else {
        return String::new();
    };
    let mut bytes = body.take_whole().unwrap_or_default().to_vec();
    while let Some(piece) = std::future::poll_fn(|context| body.poll_piece(context)).await {
        bytes.extend_from_slice(&piece.unwrap());
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn tree() -> (tempfile::TempDir, Folder) {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path().join("root");
    let write = |name: &str, text: &str| {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    write("index.html", "index");
    write("a b.txt", "0123456789");
    write("folder/index.html", "inner");
    write("folder/ä.js", "code");
    write("folder/ä.js.gz", "zipped");
    write("folder/ä.js.br", "brotli");
    write(".secret", "secret");
    write(".well-known/x", "known");
    std::fs::write(temporary.path().join("outside"), "outside").unwrap();
    std::os::unix::fs::symlink("../outside", root.join("link")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("pipe"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    std::os::unix::fs::symlink("a b.txt", root.join("inside")).unwrap();
    let folder = Folder::open(&root, FolderOptions::default()).unwrap();
    (temporary, folder)
}

#[test]
fn files_are_found_and_nothing_outside_ever_is() {
    let (tree, folder) = tree();
    run(async {
        for (target, status, text) in [
            ("/", 200, "index"),
            ("/?a", 200, "index"),
            ("/a%20b.txt", 200, "0123456789"),
            ("//a%20b.txt", 200, "0123456789"),
            ("/inside", 200, "0123456789"),
            ("/folder/", 200, "inner"),
            ("/folder/%C3%A4.js?x=/..", 200, "code"),
            ("/.well-known/x", 200, "known"),
            ("/.secret", 404, "Not Found"),
            ("/link", 404, "Not Found"),
            ("/nothing", 404, "Not Found"),
            ("/pipe", 404, "Not Found"),
            ("/socket", 404, "Not Found"),
            ("/a%20b.txt/", 404, "Not Found"),
            ("/a%20b.txt/x", 404, "Not Found"),
            ("/../outside", 400, "Bad Request"),
            ("/folder/..%2f..%2foutside", 400, "Bad Request"),
            ("/%2e%2e/outside", 400, "Bad Request"),
            ("/folder/%2e%2E/%2e%2e/outside", 400, "Bad Request"),
            ("/..%5coutside", 404, "Not Found"),
            ("/%", 400, "Bad Request"),
            ("/%zz", 400, "Bad Request"),
            ("/%ff", 400, "Bad Request"),
            ("/%00", 400, "Bad Request"),
            ("/%c0%ae%c0%ae/outside", 400, "Bad Request"),
        ] {
            let mut answer = folder.answer(&asked(target, &[])).await.unwrap();
            let text_of_answer = content(&mut answer).await;
            assert_eq!(
                (answer.status, text_of_answer.as_str()),
                (status, text),
                "{target}"
            );
        }
        for (target, location) in [
            ("/folder", "/folder/"),
            ("//folder?x", "/folder/?x"),
            ("/folder?a=//b&c", "/folder/?a=//b&c"),
        ] {
            let answer = folder.answer(&asked(target, &[])).await.unwrap();
            assert_eq!(answer.status, 301);
            assert_eq!(answer.fields.get("location").as_deref(), Some(location));
        }
        for (name, said) in [
            ("pipe", "it is no regular file"),
            ("socket", "No such device or address"),
            ("folder", "Is a directory"),
        ] {
            let path = tree.path().join("root").join(name);
            let error = answer_file(&path, &asked("/", &[]), None)
                .await
                .expect_err(name);
            let text = format!("{error}: {}", error.source().unwrap());
            assert!(error.is_file() && text.contains(said), "{text}");
        }
        let post = Asked::new("POST", b"/", std::iter::empty());
        assert_eq!(folder.answer(&post).await.unwrap().status, 405);
    });
}

#[test]
fn what_was_compressed_before_goes_to_whom_it_suits() {
    let (_tree, folder) = tree();
    run(async {
        for (accepted, coding, text) in [
            ("gzip, br", Some("br"), "brotli"),
            ("gzip;q=1.0, br;q=0", Some("gzip"), "zipped"),
            ("deflate", None, "code"),
        ] {
            let fields = [("Accept-Encoding", accepted)];
            let target = "/folder/%C3%A4.js";
            let mut answer = folder.answer(&asked(target, &fields)).await.unwrap();
            assert_eq!(answer.fields.get("content-encoding").as_deref(), coding);
            assert_eq!(
                answer.fields.get("vary").as_deref(),
                Some("accept-encoding")
            );
            let kind = answer.fields.get("content-type").unwrap();
            assert!(kind.ends_with("/javascript; charset=utf-8"), "{kind}");
            assert_eq!(content(&mut answer).await, text);
        }
        // The list may stand in more than one line.
        let lines = [("accept-encoding", "br"), ("accept-encoding", "deflate")];
        let answer = folder.answer(&asked("/folder/%C3%A4.js", &lines)).await;
        let coding = answer.unwrap().fields.get("content-encoding");
        assert_eq!(coding.as_deref(), Some("br"));
    });
}

#[test]
fn conditions_and_ranges_are_those_of_the_rfc() {
    let (_tree, folder) = tree();
    run(async {
        let first = folder.answer(&asked("/a%20b.txt", &[])).await.unwrap();
        let tag = first.fields.get("etag").unwrap();
        let date = first.fields.get("last-modified").unwrap();
        let old = "Sun, 06 Nov 1994 08:49:37 GMT";
        let weak = format!("\"x\", W/{tag}");
        let cases: &[Case] = &[
            (&[("if-none-match", &tag)], 304, ""),
            (&[("if-none-match", &weak)], 304, ""),
            (&[("if-none-match", "*")], 304, ""),
            (&[("if-none-match", "\"x\"")], 200, "0123456789"),
            (
                &[("if-none-match", "\"x\""), ("if-modified-since", &date)],
                200,
                "0123456789",
            ),
            (&[("if-modified-since", &date)], 304, ""),
            (&[("if-modified-since", old)], 200, "0123456789"),
            (&[("if-modified-since", "yesterday")], 200, "0123456789"),
            (&[("if-match", &tag)], 200, "0123456789"),
            (&[("if-match", &weak)], 412, ""),
            (&[("if-unmodified-since", old)], 412, ""),
            (&[("range", "bytes=0-3")], 206, "0123"),
            (&[("range", "bytes=8-100")], 206, "89"),
            (&[("range", "bytes=7-")], 206, "789"),
            (&[("range", "bytes=-2")], 206, "89"),
            (
                &[("range", "bytes=-99999999999999999999")],
                206,
                "0123456789",
            ),
            (&[("range", "bytes=10-")], 416, "Range Not Satisfiable"),
            (&[("range", "bytes=-0")], 416, "Range Not Satisfiable"),
            (&[("range", "bytes=5-3")], 200, "0123456789"),
            (&[("range", "bytes=0-1,3-4")], 200, "0123456789"),
            (&[("range", "lines=0-1")], 200, "0123456789"),
            (&[("range", "bytes=+1-2")], 200, "0123456789"),
            (&[("range", "bytes=0-3"), ("if-range", &tag)], 206, "0123"),
            (&[("range", "bytes=0-3"), ("if-range", &date)], 206, "0123"),
            (
                &[("range", "bytes=0-3"), ("if-range", "\"x\"")],
                200,
                "0123456789",
            ),
            (
                &[("range", "bytes=0-3"), ("if-range", old)],
                200,
                "0123456789",
            ),
        ];
        for (fields, status, text) in cases {
            let mut answer = folder.answer(&asked("/a%20b.txt", fields)).await.unwrap();
            let text_of_answer = content(&mut answer).await;
            assert_eq!(
                (answer.status, text_of_answer.as_str()),
                (*status, *text),
                "{fields:?}"
            );
        }
    });
}

#[test]
fn a_large_file_arrives_whole() {
    let (tree, folder) = tree();
    let path = tree.path().join("root/large.bin");
    let bytes: Vec<u8> = (0..5_000_000u32).map(|index| (index % 251) as u8).collect();
    std::fs::write(&path, &bytes).unwrap();
    run(async move {
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = listener.local_addr().unwrap();
        let handler = move |exchange: Exchange| {
            let (folder, path) = (folder.clone(), path.clone());
            drop(twinloop_loop::Loop::current().spawn(async move {
                let asked = Asked::new(exchange.method(), exchange.target(), exchange.fields());
                let answer = if exchange.target() == b"/one" {
                    answer_file(Path::new(&path), &asked, None).await.unwrap()
                } else {
                    folder.answer(&asked).await.unwrap()
                };
                answer.send(&exchange).await.unwrap();
            }));
        };
        let server = Server::start(listener, None, Limits::default(), Rc::new(handler));
        let client = Client::new(Config::default()).unwrap();
        for target in ["large.bin", "one"] {
            let url = format!("http://{address}/{target}");
            let request = twinloop_web::Request::get(&url).unwrap();
            let response = client.fetch(request).await.unwrap();
            assert_eq!(response.headers["content-length"], "5000000");
            assert!(response.bytes().await.unwrap() == bytes);
        }
        drop(client);
        server.abort();
    });
}

/// A server of one file, which tells how each answer ended.
fn serve_file(path: &Path) -> (Server, std::net::SocketAddr, Rc<RefCell<Vec<bool>>>) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr().unwrap();
    let path = path.to_owned();
    let ends: Rc<RefCell<Vec<bool>>> = Rc::default();
    let ended = Rc::clone(&ends);
    let handler = move |exchange: Exchange| {
        let (path, ended) = (path.clone(), Rc::clone(&ended));
        drop(twinloop_loop::Loop::current().spawn(async move {
            let asked = Asked::new(exchange.method(), exchange.target(), exchange.fields());
            let answer = answer_file(&path, &asked, None).await.unwrap();
            let outcome = answer.send(&exchange).await;
            ended.borrow_mut().push(outcome.is_ok());
        }));
    };
    let server = Server::start(listener, None, Limits::default(), Rc::new(handler));
    (server, address, ends)
}

/// Lengths on both sides of every way by which a file's bytes leave.
const LENGTHS: [usize; 8] = [
    1, 4095, 65_535, 65_536, 262_144, 262_145, 1_048_576, 9_000_001,
];

#[test]
fn files_of_every_length_follow_each_other_on_one_connection_whatever_the_pace() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for length in LENGTHS {
        let bytes: Vec<u8> = (0..length).map(|index| (index % 251) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let path = path.clone();
        run(async move {
            let (server, address, ends) = serve_file(&path);
            for pause in [0, 1] {
                let mut stream = Stream::connect(address).await.unwrap();
                let whole = "GET / HTTP/1.1\r\nhost: x\r\n\r\n";
                let part =
                    "GET / HTTP/1.1\r\nhost: x\r\nrange: bytes=1-\r\nconnection: close\r\n\r\n";
                stream
                    .write(format!("{whole}{whole}{part}").as_bytes())
                    .unwrap();
                let mut received = Vec::new();
                let mut piece = vec![0; 100_000];
                loop {
                    let count = stream.read(&mut piece).await.unwrap();
                    if count == 0 {
                        break;
                    }
                    received.extend_from_slice(&piece[..count]);
                    if pause > 0 {
                        sleep(Duration::from_millis(pause)).await;
                    }
                }
                let mut rest = &received[..];
                for body in [&bytes[..], &bytes[..], &bytes[1..]] {
                    let head = rest
                        .windows(4)
                        .position(|four| four == b"\r\n\r\n")
                        .unwrap();
                    rest = &rest[head + 4..];
                    // A range of nothing is refused with a text.
                    if !body.is_empty() {
                        assert!(rest.starts_with(body), "{length} bytes");
                        rest = &rest[body.len()..];
                    }
                }
                assert!(rest.is_empty() || length == 1);
            }
            assert_eq!(*ends.borrow(), [true; 6]);
            server.abort();
        });
    }
}

#[test]
fn a_client_that_goes_and_a_file_that_shrinks_end_an_answer_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, vec![7; 50_000_000]).unwrap();
    run(async move {
        let (server, address, ends) = serve_file(&path);
        let request = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n";
        let stream = Stream::connect(address).await.unwrap();
        stream.write(request).unwrap();
        sleep(Duration::from_millis(20)).await;
        stream.reset().unwrap();
        drop(stream);
        while ends.borrow().is_empty() {
            sleep(Duration::from_millis(1)).await;
        }
        let mut stream = Stream::connect(address).await.unwrap();
        stream.write(request).unwrap();
        let mut piece = vec![0; 100_000];
        let mut count = stream.read(&mut piece).await.unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(1_000_000).unwrap();
        // The client sees that it is not all.
        let mut total = 0;
        while count > 0 {
            total += count;
            count = stream.read(&mut piece).await.unwrap_or(0);
        }
        assert!(total < 50_000_000);
        while ends.borrow().len() < 2 {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(*ends.borrow(), [false, false]);
        // Whoever comes next gets what there is.
        let mut stream = Stream::connect(address).await.unwrap();
        stream.write(request).unwrap();
        let mut total = 0;
        while total < 1_000_000 {
            total += stream.read(&mut piece).await.unwrap();
        }
        while ends.borrow().len() < 3 {
            sleep(Duration::from_millis(1)).await;
        }
        assert!(ends.borrow()[2]);
        server.abort();
    });
}

#[test]
fn what_the_system_makes_up_is_read_to_its_end() {
    run(async {
        for path in [
            "/proc/version",
            "/proc/self/mountinfo",
            "/sys/kernel/fscaps",
        ] {
            let Ok(expected) = std::fs::read_to_string(path) else {
                continue;
            };
            let ranged = asked("/", &[("range", "bytes=0-1"), ("if-none-match", "*")]);
            let mut answer = answer_file(Path::new(path), &ranged, None).await.unwrap();
            assert_eq!(
                (answer.status, answer.fields.length()),
                (200, None),
                "{path}"
            );
            assert!(answer.fields.get("etag").is_none(), "{path}");
            assert_eq!(content(&mut answer).await, expected, "{path}");
        }
        let (tree, folder) = tree();
        std::fs::write(tree.path().join("root/empty"), "").unwrap();
        std::fs::File::create(tree.path().join("root/hole"))
            .and_then(|file| file.set_len(3))
            .unwrap();
        for (target, text) in [("/empty", ""), ("/hole", "\0\0\0")] {
            let mut answer = folder.answer(&asked(target, &[])).await.unwrap();
            assert_eq!(answer.fields.length(), Some(text.len() as u64), "{target}");
            assert_eq!(content(&mut answer).await, text, "{target}");
        }
    });
}
