//! What reading a file of 2 KB costs: `cargo run --release -p twinloop-web --example file_cost`.
//!
//! One after the other and 64 at once, against `std::fs::read` on the same thread.

use std::path::{Path, PathBuf};
use std::time::Instant;
use twinloop_loop::Loop;
use twinloop_web::fs;

const FILES: usize = 10_000;

fn main() {
    let folder = std::env::temp_dir().join(format!("twinloop-file-cost-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let paths: Vec<PathBuf> = (0..FILES)
        .map(|number| folder.join(number.to_string()))
        .collect();
    for path in &paths {
        std::fs::write(path, [b'x'; 2048]).expect("a file");
    }
    let event_loop = Loop::new().expect("a loop");
    for _ in 0..2 {
        measure("std::fs::read", || {
            paths.iter().for_each(|path| check(std::fs::read(path)));
        });
        measure("one at a time", || {
            event_loop.block_on(async {
                for path in &paths {
                    check(fs::read(path).await);
                }
            });
        });
        measure("64 at once", || event_loop.block_on(many(&paths, 64)));
    }
    remove(&folder);
}

async fn many(paths: &[PathBuf], at_once: usize) {
    let workers: Vec<_> = paths
        .chunks(paths.len().div_ceil(at_once))
        .map(|paths| {
            let paths = paths.to_vec();
            Loop::current().spawn(async move {
                for path in &paths {
                    check(fs::read(path).await);
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.expect("a worker");
    }
}

fn check<E: std::fmt::Debug>(read: Result<Vec<u8>, E>) {
    assert_eq!(read.expect("the file").len(), 2048);
}

fn measure(name: &str, work: impl FnOnce()) {
    let start = Instant::now();
    work();
    println!(
        "{name:14} {:6.2} us a file",
        start.elapsed().as_secs_f64() * 1e6 / FILES as f64
    );
}

fn remove(folder: &Path) {
    if let Err(error) = std::fs::remove_dir_all(folder) {
        eprintln!("{} is left: {error}", folder.display());
    }
}
