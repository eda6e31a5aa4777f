//! Runs one JavaScript or TypeScript file on a loop: the smallest embedding there is.
//!
//! `cargo run -p twinloop-js --example run_file -- program.mjs`

use std::path::Path;

use twinloop_js::{Js, Options};
use twinloop_loop::Loop;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let Some(file) = arguments.get(1) else {
        eprintln!("usage: run_file FILE [ARGUMENT...]");
        std::process::exit(2);
    };
    let event_loop = Loop::new().expect("a loop");
    let options = Options {
        arguments: arguments.clone(),
        ..Options::default()
    };
    let js = Js::new(&event_loop, options).expect("an engine");
    let status = js.run_main(Path::new(file));
    js.end();
    twinloop_js::engine::shut_down_process();
    std::process::exit(status);
}
