//! A server's memory: what a request takes is given back, so it has after many what it had after some.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

/// Of handlers of either kind: answers, bodies that come back, and errors.
const APPS: [(&str, &str); 2] = [
    (
        "fetch",
        "export default { async fetch(request) {
           if (request.method === 'POST') return new Response(await request.arrayBuffer());
           return new Response('hello', { headers: { 'x-path': new URL(request.url).pathname } });
         } };",
    ),
    (
        "node",
        "import { createServer } from 'node:http';
         export default createServer((request, response) => {
           if (request.method === 'POST') request.pipe(response.writeHead(200, { 'content-length': request.headers['content-length'] }));
           else response.setHeader('x-path', request.url).end('hello');
         });",
    ),
];

/// Bytes of an answer's body that are asked for with each of these.
const BODY: usize = 20_000;

struct Server(Child, u16);

impl Server {
    fn start(name: &str, text: &str) -> Server {
        let path =
            std::env::temp_dir().join(format!("twinloop-memory-{name}-{}.mjs", std::process::id()));
        std::fs::write(&path, text).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_twinloop"))
            .arg("serve")
            .arg(&path)
            .args(["--port", "0", "--host", "127.0.0.1"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut said)
            .unwrap();
        std::fs::remove_file(&path).unwrap();
        let port = said
            .trim_end()
            .trim_end_matches('/')
            .rsplit(':')
            .next()
            .unwrap();
        let port = port.parse().unwrap();
        Server(child, port)
    }

    /// In KiB.
    fn memory(&self) -> i64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    /// So many requests over eight connections at a time, each of which is used for some hundred.
    fn ask(&self, count: usize) {
        const CONNECTIONS: usize = 8;
        const AT_ONCE: usize = 4;
        const ON_ONE: usize = 400;
        let port = self.1;
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(move || {
                    let get = "GET /path?query HTTP/1.1\r\nhost: x\r\naccept: */*\r\n\r\n"
                        .repeat(AT_ONCE - 1);
                    let body = "x".repeat(BODY);
                    let post = format!(
                        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {BODY}\r\n\r\n{body}"
                    );
                    let mut left = count / CONNECTIONS;
                    while left > 0 {
                        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
                        let mut answers = BufReader::new(stream.try_clone().unwrap());
                        for _ in 0..ON_ONE / AT_ONCE {
                            stream.write_all(get.as_bytes()).unwrap();
                            stream.write_all(post.as_bytes()).unwrap();
                            for _ in 0..AT_ONCE {
                                read_answer(&mut answers);
                            }
                        }
                        left = left.saturating_sub(ON_ONE);
                    }
                });
            }
        });
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn read_answer(answers: &mut impl BufRead) {
    let mut length = None;
    let mut line = String::new();
    loop {
        line.clear();
        answers.read_line(&mut line).unwrap();
        let told = line.to_ascii_lowercase();
        if let Some(told) = told.strip_prefix("content-length:") {
            length = Some(told.trim().parse().unwrap());
        }
        if line == "\r\n" {
            break;
        }
        assert!(!line.is_empty(), "the connection ended");
    }
    let mut body = vec![0; length.expect("a length")];
    answers.read_exact(&mut body).unwrap();
}

/// Millions, and so only among the long tests; `TWINLOOP_REQUESTS` says how many.
#[test]
fn many_requests_leave_no_more_memory_than_some() {
    if std::env::var_os("TWINLOOP_FULL").is_none() {
        return;
    }
    let count = std::env::var("TWINLOOP_REQUESTS").map_or(500_000, |count| count.parse().unwrap());
    for (name, text) in APPS {
        let server = Server::start(name, text);
        // The heap and the compiled code have their size after these: bodies are collected when there are some tens of MiB of them.
        server.ask(count);
        let before = server.memory();
        server.ask(count);
        let grown = server.memory() - before;
        println!(
            "{name}: {before} KiB after {count} requests, {grown} KiB more after {count} more"
        );
        assert!(
            grown < 16 * 1024,
            "{name}: {grown} KiB more than {before} after {count} requests"
        );
    }
}
