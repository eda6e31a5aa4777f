//! `twinloop serve`: what it serves, its options, signals and workers.

mod common;

use common::{Folder, twinloop};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant};

fn serve() -> Command {
    let mut command = twinloop();
    command.arg("serve").env_remove("PORT");
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
        Server::begin(serve().args(arguments))
    }

    fn begin(command: &mut Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
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
        let after = self.said.rsplit(':').next().unwrap();
        after.split('/').next().unwrap().parse().unwrap()
    }

    fn get(&self, path: &str) -> String {
        self.ask(&format!(
            "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
        ))
    }

    /// What comes until the connection ends.
    fn ask(&self, request: &str) -> String {
        let stream = TcpStream::connect(("127.0.0.1", self.port())).unwrap();
        told(stream, request)
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

fn told(mut stream: impl Read + Write, request: &str) -> String {
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn what_a_module_exports_is_served_until_a_signal() {
    let folder = Folder::new("serve-shapes");
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
        let server = Server::start(&[&folder.named(name, text), "--port", "0"]);
        assert_eq!(server.body("/a"), expected, "{name}");
        server.signal("TERM");
        assert_eq!(server.ends(), Some(0), "{name}");
    }
}

#[test]
fn a_folder_is_served_and_nothing_beside_it() {
    let folder = Folder::new("serve-folder");
    folder.named("page.html", "<p>page");
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
    let folder = Folder::new("serve-slow");
    let app = folder.named(
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
    let folder = Folder::new("serve-workers");
    let app = folder.named(
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

const GET: &str = "GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[test]
fn options_that_an_application_exports_count_and_the_command_line_goes_before_them() {
    let folder = Folder::new("serve-options");
    let app = folder.named(
        "app.mjs",
        "export default {
          fetch: async (request) => new Response((await request.text()) + 'x'.repeat(5000)),
          port: 0, hostname: '127.0.0.1', compress: { minSize: 2000 }, maxRequestBodySize: 5, accessLog: true,
        };",
    );
    let packed = "GET /a HTTP/1.1\r\nhost: x\r\naccept-encoding: gzip\r\nconnection: close\r\n\r\n";
    let long =
        "POST /b HTTP/1.1\r\nhost: x\r\ncontent-length: 6\r\nconnection: close\r\n\r\n123456";
    for (words, coding, status, lines) in [
        (&[][..], true, "413", 1),
        (
            &["--no-compress", "--max-body", "6", "--no-access-log"],
            false,
            "200",
            0,
        ),
        (&["--compress-min-size", "6000"], false, "413", 1),
        (
            &["--compress-min-size", "4000", "--max-body", "7"],
            true,
            "200",
            2,
        ),
    ] {
        let mut server = Server::start(&[&[app.as_str()], words].concat());
        assert!(server.said.contains("http://127.0.0.1:"), "{}", server.said);
        let answer = server.ask(packed);
        assert_eq!(
            answer.contains("content-encoding: gzip"),
            coding,
            "{words:?}"
        );
        let answer = server.ask(long);
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{words:?}: {answer}"
        );
        server.signal("TERM");
        let mut rest = String::new();
        server.output.read_to_string(&mut rest).unwrap();
        assert_eq!(rest.lines().count(), lines, "{words:?}: {rest}");
    }
}

#[test]
fn an_application_says_where_it_listens_unless_the_command_line_does() {
    let folder = Folder::new("serve-places");
    let path = folder.0.join("socket").to_string_lossy().into_owned();
    let app = |name: &str, options: &str| {
        let text = format!("export default {{ fetch: () => new Response('here'), {options} }};");
        folder.named(name, &text)
    };
    let on_path = app("path.mjs", &format!("unix: {path:?}"));
    for workers in ["1", "2"] {
        let mut server = serve();
        server.env("PORT", "1");
        let server = Server::begin(server.args([&on_path, "--workers", workers]));
        assert!(server.said.starts_with(&format!("Listening on {path}")));
        let stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
        assert!(told(stream, GET).ends_with("here"));
        server.signal("TERM");
        assert_eq!(server.ends(), Some(0));
        assert!(!std::path::Path::new(&path).exists());
    }
    assert!(
        Server::start(&[&on_path, "--port", "0"])
            .get("/")
            .ends_with("here")
    );

    // Of what the command line says nothing of, the application decides still.
    let alone = app("alone.mjs", "ipv6Only: true");
    for workers in ["1", "2"] {
        let words = ["--host", "::", "--port", "0", "--workers", workers];
        let server = Server::start(&[&[alone.as_str()], &words[..]].concat());
        assert!(TcpStream::connect(("::1", server.port())).is_ok());
        assert!(
            TcpStream::connect(("127.0.0.1", server.port())).is_err(),
            "{workers}"
        );
    }

    let first = Server::start(&[&app("first.mjs", "reusePort: true, port: 0")]);
    let options = format!("reusePort: true, port: {}", first.port());
    let second = app("second.mjs", &options);
    for workers in ["1", "2"] {
        let second = Server::start(&[&second, "--workers", workers]);
        assert_eq!(second.port(), first.port());
    }
}

#[test]
fn certificates_that_an_application_exports_are_shown() {
    let folder = Folder::new("serve-certificates");
    let certificates =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/py/certificates");
    let app = folder.named(
        "app.mjs",
        &format!(
            "import {{ readFileSync }} from 'node:fs';
             const pem = readFileSync({certificates:?} + '/server.pem');
             export default {{ fetch: () => new Response('here'), port: 0, tls: {{ cert: pem, key: pem }} }};"
        ),
    );
    for words in [&[][..], &["--workers", "2"]] {
        let server = Server::start(&[&[app.as_str()], words].concat());
        assert!(
            server.said.contains("https://localhost:"),
            "{}",
            server.said
        );
        let ask = format!(
            "console.log(await (await fetch('https://localhost:{}/')).text())",
            server.port()
        );
        let output = Command::new(env!("CARGO_BIN_EXE_twinloop"))
            .arg("--ca-file")
            .arg(certificates.join("authority.pem"))
            .args(["--input-type=module", "-e", &ask])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "here\n");
        // The certificates that are shown stay when it begins again.
        server.signal("HUP");
        server.signal("TERM");
        assert_eq!(server.ends(), Some(0));
    }
}

#[test]
fn a_body_that_is_too_long_is_refused_whatever_answers() {
    let folder = Folder::new("serve-bodies");
    let reads = "async (request, response) => {
      let length = 0;
      for await (const chunk of request) length += chunk.length;
      response.end(String(length));
    }";
    let hears = "(request, response) => request.on('data', () => {}).on('end', () => response.end('heard'))";
    let catches = "(request, response) => {
      request.on('error', (error) => response.writeHead(error.statusCode, { 'x-type': error.type }).end()).on('end', () => response.end('whole')).resume();
    }";
    let listener =
        |text: &str| format!("export default Object.assign({text}, {{ listen() {{}} }});");
    let sized = "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\n\r\n12345678901";
    let chunked = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n6\r\n123456\r\n5\r\n78901\r\n0\r\n\r\n";
    let expecting =
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 11\r\nexpect: 100-continue\r\n\r\n";
    let fits = "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n6\r\n123456\r\n4\r\n7890\r\n0\r\n\r\n";
    for (name, text) in [
        (
            "fetch.mjs",
            "export default { fetch: async (request) => new Response(await request.text()) };".to_owned(),
        ),
        (
            "stream.mjs",
            "export default { async fetch(request) { for await (const chunk of request.body); return new Response(); } };".to_owned(),
        ),
        (
            // What Hono does with an error: one that has no answer of its own is 500.
            "answers.mjs",
            "export default { async fetch(request) {
              try { return new Response(await request.text()); }
              catch (error) { return 'getResponse' in error ? error.getResponse() : new Response('', { status: 500 }); }
            } };"
            .to_owned(),
        ),
        ("reads.mjs", listener(reads)),
        ("hears.mjs", listener(hears)),
        ("catches.mjs", listener(catches)),
        (
            "server.mjs",
            format!("import {{ createServer }} from 'node:http'; export default createServer({reads});"),
        ),
    ] {
        let server = Server::start(&[&folder.named(name, &text), "-p", "0", "--max-body", "10"]);
        for request in [sized, chunked, expecting] {
            let answer = server.ask(request);
            assert!(answer.starts_with("HTTP/1.1 413 "), "{name}: {answer}");
            assert!(answer.to_lowercase().contains("connection: close"), "{name}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{name}: {answer}");
        }
        let answer = server.ask(fits);
        assert!(answer.starts_with("HTTP/1.1 200 "), "{name}: {answer}");
        server.signal("TERM");
        assert_eq!(server.ends(), Some(0), "{name}");
    }
}

#[test]
fn answers_of_apps_of_node_are_compressed() {
    let folder = Folder::new("serve-compressed");
    let app = folder.named(
        "app.mjs",
        "import { createServer } from 'node:http';
         import { Readable } from 'node:stream';
         import { setTimeout as later } from 'node:timers/promises';
         const text = (length) => Array.from({ length }, (_, at) => String.fromCharCode(97 + (at * 7 + (at >> 5)) % 26)).join('');
         const html = { 'content-type': 'text/html', etag: '\"a\"', 'accept-ranges': 'bytes', 'x-mine': ['1', '2'] };
         export default createServer(async (request, response) => {
           switch (request.url) {
             case '/whole': response.setHeader('content-type', 'text/html').setHeader('etag', '\"a\"').end(text(5000)); break;
             case '/head': response.writeHead(200, { ...html, 'content-length': 5000 }).end(text(5000)); break;
             case '/long': response.writeHead(200, html); response.end(Buffer.from(text(400_000)), () => response.ended = true); break;
             case '/small': response.setHeader('content-type', 'text/html'); response.end('small'); break;
             case '/picture': response.writeHead(200, { 'content-type': 'image/png' }).end(text(5000)); break;
             case '/none': response.writeHead(204, html).end(); break;
             case '/varied': response.writeHead(200, { 'content-type': 'text/css', vary: ['Origin', 'Accept-Encoding'] }).end(text(5000)); break;
             case '/pipe':
               response.writeHead(200, html);
               Readable.from((function* () { for (let at = 0; at < 100; at += 1) yield text(20_000); })()).pipe(response);
               break;
             case '/drains': {
               response.setHeader('content-type', 'text/plain');
               let waits = 0;
               for (let at = 0; at < 200; at += 1) if (!response.write(text(20_000))) { waits += 1; await new Promise((done) => response.once('drain', done)); }
               response.addTrailers({ waits });
               response.end(waits > 0 ? 'waited' : 'never');
               break;
             }
             case '/events':
               response.writeHead(200, { 'content-type': 'text/event-stream' });
               response.write('data: 1\\n\\n');
               request.on('close', () => {});
               globalThis.go = () => response.end('data: 2\\n\\n');
               break;
             case '/go': globalThis.go(); response.end(); break;
             case '/twice':
               response.setHeader('content-type', 'text/html');
               response.on('error', (error) => response.twice = error.code);
               response.write(text(5000));
               response.end();
               response.end();
               response.write('more');
               if (!response.writableFinished) await new Promise((resolve) => response.once('finish', resolve));
               globalThis.seen = [response.twice, response.writableEnded, response.writableFinished];
               break;
             case '/seen':
               while (!globalThis.seen) await later(5);
               response.end(JSON.stringify(globalThis.seen));
               globalThis.seen = undefined;
               break;
           }
         });",
    );
    let server = Server::start(&[&app, "--port", "0", "--compress", "--access-log"]);
    let program = "
      const [,, base] = process.argv;
      const text = (length) => Array.from({ length }, (_, at) => String.fromCharCode(97 + (at * 7 + (at >> 5)) % 26)).join('');
      const equal = (got, wanted, what) => { if (JSON.stringify(got) !== JSON.stringify(wanted)) throw new Error(`${what}: ${JSON.stringify(got)?.slice(0, 200)} is not ${JSON.stringify(wanted).slice(0, 200)}`); };
      const ask = (path, coding, method = 'GET') => fetch(base + path, { method, headers: { 'accept-encoding': coding } });
      const told = (response) => ['content-encoding', 'vary', 'etag', 'accept-ranges', 'x-mine'].map((name) => response.headers.get(name));
      for (const coding of ['gzip', 'br', 'zstd']) {
        const whole = await ask('/whole', coding);
        equal(told(whole), [coding, 'accept-encoding', 'W/\"a\"', null, null], 'whole');
        equal([+whole.headers.get('content-length') < 5000, await whole.text()], [true, text(5000)], coding);
        for (const [path, length] of [['/head', 5000], ['/long', 400_000]]) {
          const response = await ask(path, coding);
          equal(told(response), [coding, 'accept-encoding', 'W/\"a\"', null, '1, 2'], path);
          equal([response.headers.get('content-length'), await response.text()], [null, text(length)], path);
        }
        equal(await (await ask('/pipe', coding)).text(), text(20_000).repeat(100), 'pipe');
        equal(await (await ask('/drains', coding)).text(), text(20_000).repeat(200) + 'waited', 'drains');
        const events = (await ask('/events', coding)).body.pipeThrough(new TextDecoderStream()).getReader();
        equal((await events.read()).value, 'data: 1\\n\\n', 'the first event');
        await ask('/go', coding);
        equal([await events.read(), await events.read()].map(({ value }) => value), ['data: 2\\n\\n', undefined], 'the second');
        equal(await (await ask('/twice', coding)).text(), text(5000), 'twice');
        equal(await (await ask('/seen', coding)).json(), ['ERR_STREAM_WRITE_AFTER_END', true, true], 'seen');
      }
      for (const [path, coding, wanted] of [
        ['/whole', 'identity', [null, 'accept-encoding', '\"a\"', null, null]],
        ['/whole', 'gzip;q=0', [null, 'accept-encoding', '\"a\"', null, null]],
        ['/small', 'gzip', [null, null, null, null, null]],
        ['/picture', 'gzip', [null, null, null, null, null]],
        ['/varied', 'gzip', ['gzip', 'Origin, Accept-Encoding', null, null, null]],
        ['/none', 'gzip', [null, null, '\"a\"', 'bytes', '1, 2']],
      ]) equal(told(await ask(path, coding)), wanted, path);
      const head = await ask('/whole', 'gzip', 'HEAD');
      equal([...told(head).slice(0, 2), head.headers.get('content-length')], ['gzip', 'accept-encoding', null], 'HEAD');
      console.log('as it should be');
    ";
    let base = format!("http://127.0.0.1:{}", server.port());
    let program = folder.named(
        "ask.mjs",
        &format!("setTimeout(() => process.exit(1), 30_000).unref();{program}"),
    );
    let output = Command::new(env!("CARGO_BIN_EXE_twinloop"))
        .args([&program, &base])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(
        said,
        "as it should be\n",
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_command_line_that_cannot_be_meant_is_refused() {
    let folder = Folder::new("serve-wrong");
    let app = folder.named("app.mjs", "export default { fetch: () => new Response() };");
    let nothing = folder.named("nothing.mjs", "export default 5;");
    for (arguments, said) in [
        (&[][..], "which application?"),
        (&["none.js"], "there is no file"),
        (&[&app, "--port", "x"], "--port takes a number"),
        (&[&app, "--port"], "--port takes a value"),
        (&[&app, "--mystery", "1"], "there is no option --mystery\n"),
        (&["--bogus"], "there is no option --bogus\n"),
        (&["--prot"], "there is no option --prot; is --port meant?"),
        (&[&app, "--acess-log"], "is --access-log meant?"),
        (&[&app, "--compress=9"], "--compress takes no value"),
        (&[&app, &app], "one application is served"),
        (&[&app, "--tls-cert", "x"], "go together"),
        (&[&app, "--compress-min-size", "-1"], "takes a number"),
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
