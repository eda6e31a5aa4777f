//! `twinloop trace` of JavaScript programs: what the trace says of them, and that it is written whatever becomes of them.

mod common;

use common::{Folder, twinloop};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// Traces a program into a file beside it; what it printed, and the file's text.
fn trace(program: &Path, output: &str) -> (Output, String) {
    let output = program.with_file_name(output);
    let mut command = twinloop();
    let command = command.args(["trace", "-o"]).arg(&output).arg(program);
    let finished = command.output().unwrap();
    let text = std::fs::read_to_string(output).unwrap();
    (finished, text)
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The events of a file in Chrome's format.
fn events(text: &str) -> Vec<Value> {
    let whole: Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    whole["traceEvents"].as_array().unwrap().clone()
}

/// The bars whose name begins so.
fn bars<'e>(events: &'e [Value], name: &str) -> Vec<&'e Value> {
    let is_bar =
        |event: &&Value| event["ph"] == "X" && event["name"].as_str().unwrap().starts_with(name);
    events.iter().filter(is_bar).collect()
}

fn row<'e>(events: &'e [Value], bar: &Value) -> &'e str {
    let is_it = |event: &&Value| {
        event["ph"] == "M"
            && event["name"] == "thread_name"
            && event["pid"] == bar["pid"]
            && event["tid"] == bar["tid"]
    };
    events.iter().find(is_it).unwrap()["args"]["name"]
        .as_str()
        .unwrap()
}

/// Whether an arrow leads from a bar into another.
fn is_arrow(events: &[Value], from: &Value, to: &Value) -> bool {
    let number = |value: &Value| value.as_f64().unwrap();
    let begins = |event: &Value| {
        event["ph"] == "s"
            && event["tid"] == from["tid"]
            && number(&event["ts"]) >= number(&from["ts"]) - 0.01
            && number(&event["ts"]) <= number(&from["ts"]) + number(&from["dur"]) + 0.01
    };
    let ends = |id: &Value| {
        events.iter().any(|event| {
            event["ph"] == "f"
                && event["id"] == *id
                && event["tid"] == to["tid"]
                && event["ts"] == to["ts"]
        })
    };
    events
        .iter()
        .any(|event| begins(event) && ends(&event["id"]))
}

const BLOCKED: &str = "\
function crunch(ms) {
  const end = performance.now() + ms;
  while (performance.now() < end);
}
setTimeout(function slowTimer() { crunch(120); }, 5);
";

#[test]
fn a_callback_that_blocks_is_named_with_its_line() {
    let folder = Folder::new("trace-blocked");
    let program = folder.file("blocked.mjs", BLOCKED);
    let (output, text) = trace(&program, "out.json");
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let events = events(&text);
    let slow = bars(&events, "slowTimer (blocked.mjs:5)");
    assert_eq!(slow.len(), 1, "{text}");
    assert!(slow[0]["dur"].as_f64().unwrap() >= 120_000.0, "{}", slow[0]);
    assert_eq!(slow[0]["cat"], "javascript");
    assert_eq!(row(&events, slow[0]), "event loop");
    assert_eq!(
        slow[0]["args"]["source"],
        format!("{}:5", program.display())
    );
    let said = errors(&output);
    assert!(said.contains("slowTimer (blocked.mjs:5)"), "{said}");
    // The line where it was when it was looked at.
    assert!(
        said.contains("crunch (blocked.mjs:3)") && said.contains("move it to a Worker"),
        "{said}"
    );
}

#[test]
fn each_call_of_an_asynchronous_function_has_a_lane_and_says_what_it_waited_for() {
    let folder = Folder::new("trace-lanes");
    let program = folder.file(
        "lanes.mjs",
        "\
const sleep = (ms) => new Promise((resolve) => setTimeout(function wakeUp() { resolve(); }, ms));
async function worker(ms) {
  await sleep(ms);
  await sleep(ms);
  return ms;
}
async function main() {
  await Promise.all([worker(30), worker(40)]);
  console.log('done');
}
await main();
",
    );
    let (output, text) = trace(&program, "out.json");
    assert_eq!(output.stdout, b"done\n", "{}", errors(&output));
    let events = events(&text);
    let steps = bars(&events, "worker (lanes.mjs:2)");
    assert_eq!(steps.len(), 4, "{text}");
    let mut rows: Vec<_> = steps.iter().map(|bar| bar["tid"].to_string()).collect();
    rows.sort();
    rows.dedup();
    assert_eq!(rows.len(), 2, "two calls at once have two rows");
    assert!(
        steps
            .iter()
            .all(|bar| row(&events, bar) == "worker (lanes.mjs:2)")
    );
    // A timer woke each of them, and the last of them whoever waited for both.
    let timers = bars(&events, "wakeUp (lanes.mjs:1)");
    assert_eq!(timers.len(), 4);
    for (timer, step) in timers.iter().zip(&steps) {
        assert!(is_arrow(&events, timer, step), "{timer} {step}");
    }
    let main = bars(&events, "main (lanes.mjs:7)");
    assert_eq!(main.len(), 1, "{text}");
    assert!(is_arrow(&events, steps[3], main[0]), "{text}");
}

#[test]
fn reactions_that_queue_each_other_are_one_chain() {
    let folder = Folder::new("trace-chain");
    let program = folder.file(
        "chain.mjs",
        "\
function first(value) { return value + 1; }
function second(value) { return value * 2; }
Promise.resolve(20).then(first).then(second).then(console.log);
queueMicrotask(function alone() {});
",
    );
    let (output, text) = trace(&program, "out.json");
    assert_eq!(output.stdout, b"42\n", "{}", errors(&output));
    let events = events(&text);
    let [first, second, alone] = [
        "first (chain.mjs:1)",
        "second (chain.mjs:2)",
        "alone (chain.mjs:4)",
    ]
    .map(|name| bars(&events, name));
    assert_eq!(
        (first.len(), second.len(), alone.len()),
        (1, 1, 1),
        "{text}"
    );
    assert_eq!(first[0]["tid"], second[0]["tid"]);
    assert_ne!(first[0]["tid"], alone[0]["tid"]);
    assert!(is_arrow(&events, first[0], second[0]), "{text}");
}

#[test]
fn work_of_other_threads_and_descriptors_are_bars() {
    let folder = Folder::new("trace-work");
    let program = folder.file(
        "work.mjs",
        "\
import { pbkdf2 } from 'node:crypto';
import net from 'node:net';
import { promisify } from 'node:util';
await promisify(pbkdf2)('a', 'b', 20000, 32, 'sha256');
const server = net.createServer((socket) => socket.end('hi')).listen(0, '127.0.0.1');
await new Promise((resolve) => server.on('listening', resolve));
const socket = net.connect(server.address().port, '127.0.0.1');
for await (const part of socket) console.log(String(part));
server.close();
",
    );
    let (output, text) = trace(&program, "out.json");
    assert_eq!(output.stdout, b"hi\n", "{}", errors(&output));
    let events = events(&text);
    let kinds = |kind: &str| {
        (events.iter())
            .filter(|event| event["args"]["kind"] == kind)
            .count()
    };
    for kind in ["PoolWait", "PoolRun", "Io", "Turn", "Wait"] {
        assert!(kinds(kind) > 0, "no {kind}: {text}");
    }
    assert_eq!(kinds("PoolWait"), kinds("PoolRun"));
}

#[test]
fn a_worker_has_a_loop_of_its_own() {
    let folder = Folder::new("trace-worker");
    folder.file("inside.mjs", "setTimeout(function inWorker() {}, 1);\n");
    let program = folder.file(
        "worker.mjs",
        "\
import { Worker } from 'node:worker_threads';
new Worker(new URL('./inside.mjs', import.meta.url)).on('exit', function left() {});
",
    );
    let (output, text) = trace(&program, "out.json");
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    let events = events(&text);
    let inside = bars(&events, "inWorker (inside.mjs:1)");
    assert_eq!(inside.len(), 1, "{text}");
    let main = bars(&events, "(main program) (worker.mjs:1)");
    assert_ne!(inside[0]["pid"], main[0]["pid"]);
}

#[test]
fn the_trace_is_written_however_the_program_ends() {
    let folder = Folder::new("trace-ends");
    for (name, code, status) in [
        ("leaves", "process.exit(7)", 7),
        ("throws", "throw new Error('lost')", 1),
        ("aborts", "process.kill(process.pid, 'SIGKILL')", 137),
    ] {
        let text = format!("setTimeout(function last() {{ {code}; }}, 1);\n");
        let program = folder.file(&format!("{name}.mjs"), &text);
        let (output, text) = trace(&program, &format!("{name}.json"));
        assert_eq!(
            output.status.code(),
            Some(status),
            "{name}: {}",
            errors(&output)
        );
        let events = events(&text);
        assert!(
            !bars(&events, "(main program)").is_empty(),
            "{name}: {text}"
        );
    }
}

#[test]
fn ctrl_c_ends_the_program_and_not_its_trace() {
    let folder = Folder::new("trace-interrupt");
    let program = folder.file(
        "waits.mjs",
        "setInterval(() => {}, 100000);\nsetTimeout(function first() {}, 1);\nsetTimeout(() => console.log('ready'), 20);\n",
    );
    let output = folder.0.join("out.json");
    let mut command = twinloop();
    let command = command.args(["trace", "-o"]).arg(&output).arg(&program);
    let mut running = command
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut lines = BufReader::new(running.stdout.take().unwrap());
    lines.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let interrupt = Command::new("kill")
        .args(["-INT", &running.id().to_string()])
        .status();
    assert!(interrupt.unwrap().success());
    assert_eq!(running.wait().unwrap().code(), Some(130));
    let text = std::fs::read_to_string(&output).unwrap();
    assert_eq!(
        bars(&events(&text), "first (waits.mjs:2)").len(),
        1,
        "{text}"
    );
}

#[test]
fn what_cannot_be_written_is_said_before_the_program_runs() {
    let output = twinloop()
        .args([
            "trace",
            "-o",
            "/nonexistent/trace.html",
            "-e",
            "console.log('ran')",
        ])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(output.stdout, b"");
    assert!(
        errors(&output).contains("cannot write /nonexistent/trace.html"),
        "{}",
        errors(&output)
    );
    let output = twinloop().args(["trace"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("no program is named"));
}

#[test]
fn a_ring_that_is_full_keeps_what_is_new() {
    let folder = Folder::new("trace-ring");
    let program = folder.file(
        "ring.mjs",
        "\
let left = 3000;
(function again() {
  left -= 1;
  if (left > 0) setImmediate(again);
  else setTimeout(function theEnd() {}, 1);
})();
",
    );
    let output = folder.0.join("out.json");
    let mut command = twinloop();
    let command = command
        .args(["trace", "--limit", "1000", "-o"])
        .arg(&output)
        .arg(&program);
    let finished = command.output().unwrap();
    assert!(
        errors(&finished).contains("oldest records made room"),
        "{}",
        errors(&finished)
    );
    let events = events(&std::fs::read_to_string(output).unwrap());
    assert_eq!(bars(&events, "theEnd (ring.mjs:5)").len(), 1);
    let count = events.iter().filter(|event| event["ph"] == "X").count();
    assert!((500..=1000).contains(&count), "{count}");
}

#[test]
fn top_tells_what_a_live_process_is_at_each_time_that_it_is_asked() {
    let folder = Folder::new("trace-top");
    let program = folder.file(
        "busy.mjs",
        "\
setInterval(function tick() {
  const end = performance.now() + 8;
  while (performance.now() < end);
}, 20);
async function forever() {
  for (;;) await new Promise((resolve) => setTimeout(resolve, 5));
}
console.log('ready');
forever();
",
    );
    let mut command = twinloop();
    let mut running = command
        .arg(&program)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    let process = running.id().to_string();
    let ask = |words: &[&str]| {
        twinloop()
            .arg("top")
            .args(words)
            .arg(&process)
            .output()
            .unwrap()
    };
    let told: Vec<Output> = (0..2).map(|_| ask(&["--once", "--json"])).collect();
    let text = ask(&["--once"]);
    running.kill().unwrap();
    running.wait().unwrap();
    for output in told {
        assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(told["turnsPerSecond"].as_f64().unwrap() > 0.0, "{told}");
        assert_eq!(told["languages"][0]["language"], "JavaScript");
        let has = |list: &str, key: &str, name: &str| {
            told[list]
                .as_array()
                .unwrap()
                .iter()
                .any(|each| each[key] == name)
        };
        assert!(has("active", "name", "forever (busy.mjs:5)"), "{told}");
        assert!(has("slow", "callback", "tick (busy.mjs:1)"), "{told}");
    }
    let shown = String::from_utf8_lossy(&text.stdout);
    assert!(
        shown.contains("SLOW CALLBACKS") && shown.contains("tick (busy.mjs:1)"),
        "{shown}"
    );
}

#[test]
fn top_asks_no_process_that_would_die_of_it() {
    let mut other = Command::new("sleep").arg("60").spawn().unwrap();
    let output = twinloop()
        .args(["top", "--once", &other.id().to_string()])
        .output()
        .unwrap();
    let lives = other.try_wait().unwrap().is_none();
    other.kill().unwrap();
    other.wait().unwrap();
    assert!(lives);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors(&output).contains("runs no event loop of Twinloop"),
        "{}",
        errors(&output)
    );
    let output = twinloop()
        .args(["top", "--once", "999999999"])
        .output()
        .unwrap();
    assert!(
        errors(&output).contains("there is no process 999999999"),
        "{}",
        errors(&output)
    );
}

/// The data that the page reads.
fn page_data(page: &str) -> Value {
    let begin = "<script type=\"application/json\" id=\"data\">";
    let (_, rest) = page.split_once(begin).unwrap();
    let (data, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(data).unwrap()
}

#[test]
fn the_page_has_all_in_one_file() {
    let folder = Folder::new("trace-page");
    // A name that would be an element if anything took it for HTML.
    let text = format!(
        "{BLOCKED}setTimeout({{ '</script><b>': () => crunch(50) }}['</script><b>'], 200);\n"
    );
    let program = folder.file("page.mjs", &text);
    let (output, page) = trace(&program, "out.html");
    assert_eq!(output.status.code(), Some(0), "{}", errors(&output));
    for outside in ["http://", "https://", "src=", "href="] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert_eq!(page.matches("</script>").count(), 2);
    let data = page_data(&page);
    let blocked = data["blocked"].as_array().unwrap();
    let place_of = |each: &Value, key: &str| {
        let number = each[key].as_u64();
        number.map_or(Value::Null, |number| {
            data["places"][number as usize].clone()
        })
    };
    let slow = (blocked.iter()).find(|each| place_of(each, "place")[0] == "slowTimer");
    let slow = slow.unwrap();
    assert_eq!(place_of(slow, "place")[2], 5);
    assert!(slow["advice"].as_str().unwrap().contains("Worker"));
    let hottest = place_of(slow, "hottest");
    assert_eq!((&hottest[0], &hottest[2]), (&"crunch".into(), &3.into()));
    let file = program.to_string_lossy();
    assert_eq!(
        data["sources"][&*file]["3"],
        "  while (performance.now() < end);"
    );
    in_browser(&folder.0.join("out.html"));
}

/// Opens the page in Chromium, if there is one, and looks whether its script has filled it.
fn in_browser(page: &Path) {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let run = |name: &&str| {
        Command::new(name)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"])
            .arg(format!(
                "--user-data-dir={}",
                page.with_extension("browser").display()
            ))
            .arg(format!("file://{}", page.display()))
            .output()
            .ok()
    };
    let Some(output) = names.iter().find_map(run) else {
        eprintln!("skipped: the page was opened in no browser, as there is no Chromium here");
        return;
    };
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        shown.contains("slowTimer (page.mjs:5)"),
        "{shown} {}",
        errors(&output)
    );
    assert!(shown.contains("&lt;/script&gt;&lt;b&gt;"), "{shown}");
    assert!(
        shown.contains(" turns, "),
        "the summary is not filled: {shown}"
    );
}
