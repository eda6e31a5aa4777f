//! `twinloop serve`: what it serves, its options, signals and workers.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A folder of its own for one test, removed afterwards.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path =
            std::env::temp_dir().join(format!("twinloop-serve-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Folder(path)
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path.to_string_lossy().into_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn serve() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_twinloop"));
    command
        .arg("serve")
        .stdin(Stdio::null())
        .env_remove("VIRTUAL_ENV")
        .env_remove("PORT");
    command
}

fn refused(arguments: &[&str]) -> Output {
    serve().args(arguments).output().unwrap()
}

/// A server that has said where it listens.
struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    said: String,
}

impl Server {
    fn start(arguments: &[&str]) -> Server {
        let mut child = serve()
            .args(arguments)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut said = String::new();
        output.read_line(&mut said).unwrap();
        assert!(said.starts_with("Listening on "), "{said:?}");
        Server {
            child,
            output,
            said,
        }
    }

    fn port(&self) -> u16 {
        let after = self.said.rsplit("localhost:").next().unwrap();
        after.split('/').next().unwrap().parse().unwrap()
    }

    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port())).unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn body(&self, path: &str) -> String {
        let answer = self.get(path);
        answer
            .split("\r\n\r\n")
            .nth(1)
            .unwrap_or_default()
            .to_owned()
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let status = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(status.success());
    }

    /// Waits until it has ended; its exit status.
    fn ends(mut self) -> Option<i32> {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < end, "the server did not end");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_a_module_exports_is_served_until_a_signal() {
    let folder = Folder::new("shapes");
    let node = "export default Object.assign((request, response) => response.end('node ' + request.url), { listen() {} });";
    for (name, text, expected) in [
        (
            "object.mjs",
            "export default { fetch: (request) => new Response('object ' + new URL(request.url).pathname) };",
            "object /a",
        ),
        (
            "function.cjs",
            "module.exports = () => new Response('function');",
            "function",
        ),
        (
            "typed.ts",
            "export default { async fetch(request: Request): Promise<Response> { return new Response(request.method); } };",
            "GET",
        ),
        (
            "routes.mjs",
            "export default { routes: { '/:name': (request) => new Response(request.params.name) } };",
            "a",
        ),
        ("node.mjs", node, "node /a"),
        (
            "framework.mjs",
            "export default new (class { routes = [1]; onError = () => this; fetch = () => new Response('framework'); })();",
            "framework",
        ),
    ] {
        let server = Server::start(&[&folder.file(name, text), "--port", "0"]);
        assert_eq!(server.body("/a"), expected, "{name}");
        server.signal("TERM");
        assert_eq!(server.ends(), Some(0), "{name}");
    }
}

#[test]
fn a_folder_is_served_and_nothing_beside_it() {
    let folder = Folder::new("folder");
    folder.file("page.html", "<p>page");
    let place = folder.0.to_string_lossy().into_owned();
    let server = Server::start(&[&place, "-p", "0"]);
    let answer = server.get("/page.html");
    assert!(
        answer.contains("content-type: text/html; charset=utf-8\r\n"),
        "{answer}"
    );
    assert!(server.get("/..%2f").starts_with("HTTP/1.1 400 "));
    assert!(server.get("/none").starts_with("HTTP/1.1 404 "));
}

#[test]
fn what_is_under_way_ends_before_the_server_does() {
    let folder = Folder::new("slow");
    let app = folder.file(
        "slow.mjs",
        "export default { fetch: () => new Promise((resolve) => setTimeout(() => resolve(new Response('slow')), 700)) };",
    );
    let server = Server::start(&[&app, "--port", "0"]);
    let (port, said) = (server.port(), server.said.clone());
    let asking = std::thread::spawn(move || {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream
            .write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    });
    std::thread::sleep(Duration::from_millis(300));
    server.signal("INT");
    assert!(asking.join().unwrap().ends_with("slow"), "{said}");
    assert_eq!(server.ends(), Some(0));
}

#[test]
fn workers_share_a_port_and_are_started_again() {
    let folder = Folder::new("workers");
    let app = folder.file(
        "app.mjs",
        "export default { fetch: () => new Response(String(process.pid)) };",
    );
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port().to_string()
    };
    let mut server = Server::start(&[&app, "--port", &port, "--workers", "2"]);
    assert!(server.said.contains("with 2 workers"), "{}", server.said);
    let first = server.body("/");
    assert!(
        Command::new("kill")
            .args(["-s", "KILL", &first])
            .status()
            .unwrap()
            .success()
    );
    let end = Instant::now() + Duration::from_secs(20);
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 2 {
        assert!(Instant::now() < end, "only {seen:?} answer");
        // Who was about to be accepted by the one that died hears nothing.
        if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", server.port())) {
            let mut answer = String::new();
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            let _ = stream.read_to_string(&mut answer);
            let body = answer.split("\r\n\r\n").nth(1).unwrap_or_default();
            if !body.is_empty() && body != first {
                seen.insert(body.to_owned());
            }
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    server.signal("TERM");
    let mut rest = String::new();
    server.output.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
    assert_eq!(server.ends(), Some(0));
}

#[test]
fn a_command_line_that_cannot_be_meant_is_refused() {
    let folder = Folder::new("wrong");
    let app = folder.file("app.mjs", "export default { fetch: () => new Response() };");
    let nothing = folder.file("nothing.mjs", "export default 5;");
    for (arguments, said) in [
        (&[][..], "which application?"),
        (&["none.js"], "there is no file"),
        (&[&app, "--port", "x"], "--port takes a number"),
        (&[&app, "--port"], "--port takes a value"),
        (&[&app, "--mystery", "1"], "there is no option --mystery"),
        (&[&app, &app], "one application is served"),
        (&[&app, "--tls-cert", "x"], "go together"),
        (&[&nothing, "--port", "0"], "nothing that answers requests"),
    ] {
        let output = refused(arguments);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(text.contains(said), "{arguments:?}: {text}");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
    }
    let help = refused(&["--help"]);
    assert!(String::from_utf8_lossy(&help.stdout).starts_with("Serve an application"));
}
