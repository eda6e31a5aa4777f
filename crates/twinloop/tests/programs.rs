//! The five programs of the README in Rust, unchanged, against local servers: what they print and how they end.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use twinloop_fixtures::Fixtures;

/// `cargo test` puts examples beside the folder of the test binaries.
fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let path = test
        .parent()
        .and_then(Path::parent)
        .expect("a target folder")
        .join("examples")
        .join(name);
    assert!(
        path.exists(),
        "{} is not built: run the tests without --test",
        path.display()
    );
    path
}

fn run(name: &str, fixtures: &Fixtures, folder: &Path) -> Output {
    Command::new(example(name))
        .current_dir(folder)
        .env("TWINLOOP_CONNECT_TO", fixtures.connect_to().join(","))
        .env("SSL_CERT_FILE", &fixtures.ca_file)
        .output()
        .expect("the program starts")
}

fn printed(name: &str, fixtures: &Fixtures, folder: &Path) -> String {
    let output = run(name, fixtures, folder);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && errors.is_empty(),
        "{name}: {} {errors}",
        output.status
    );
    String::from_utf8(output.stdout).expect("utf-8")
}

#[test]
fn the_five_programs_print_what_they_should() {
    let fixtures = Fixtures::start().expect("fixtures");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("example.txt"), "Hello from a file\n").expect("a file");
    for name in ["fetch_then", "fetch_await", "client_session"] {
        let data: serde_json::Value =
            serde_json::from_str(&printed(name, &fixtures, folder.path())).expect("json");
        assert_eq!(data["message"], "Hello from the fixture server", "{name}");
    }
    let messages = printed("websocket", &fixtures, folder.path());
    let expected: String = (1..=3)
        .map(|number| format!("Message from server: greeting {number} of 3\n"))
        .collect();
    assert_eq!(messages, expected);
    assert_eq!(
        printed("read_file", &fixtures, folder.path()),
        "Hello from a file\n"
    );
}

#[test]
fn a_program_without_its_server_or_file_says_so() {
    let fixtures = Fixtures::start().expect("fixtures");
    let folder = tempfile::tempdir().expect("a folder");
    let output = run("read_file", &fixtures, folder.path());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        errors.contains("example.txt") && errors.contains("No such file"),
        "{errors}"
    );

    let refused = format!("::{}:{}", fixtures.refused.ip(), fixtures.refused.port());
    let output = Command::new(example("fetch_then"))
        .env("TWINLOOP_CONNECT_TO", refused)
        .output()
        .expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the program handles its error");
    assert!(
        errors.starts_with("Error: cannot connect to api.example.com:443"),
        "{errors}"
    );
}
