//! Takes files of npm packages in: each becomes a file like those of the rooms, with the names by which these are required.

#[path = "packages.rs"]
mod packages;

use std::path::{Path, PathBuf};

use packages::{Package, READABLE_STREAM};

/// Files of readable-stream below `lib`, without `.js`; each is `node/stream/` and this to the rooms.
const STREAMS: [&str; 19] = [
    "internal/streams/add-abort-signal",
    "internal/streams/buffer_list",
    "internal/streams/compose",
    "internal/streams/destroy",
    "internal/streams/duplex",
    "internal/streams/duplexify",
    "internal/streams/end-of-stream",
    "internal/streams/legacy",
    "internal/streams/operators",
    "internal/streams/passthrough",
    "internal/streams/pipeline",
    "internal/streams/readable",
    "internal/streams/state",
    "internal/streams/transform",
    "internal/streams/utils",
    "internal/streams/writable",
    "internal/validators",
    "stream",
    "stream/promises",
];

/// What the package takes from elsewhere, and who gives it here.
const INSTEAD: [(&str, &str); 11] = [
    ("ours/primordials", "node/stream/host/primordials"),
    ("ours/errors", "node/stream/host/errors"),
    ("ours/util", "node/stream/host/util"),
    ("ours/util/inspect", "node/stream/host/util"),
    ("internal/streams/from", "node/stream/from"),
    ("internal/shims/process", "node/stream/host/process"),
    ("buffer", "node/buffer/buffer"),
    ("events", "node/events/events"),
    ("string_decoder/", "node/string_decoder/string_decoder"),
    ("abort-controller", "web/abort/abort"),
    // It is its own neighbour by this name.
    ("lib/stream", "node/stream/stream"),
];

/// What Node has changed since the package was made of its streams: the file, the text there, and the text now.
const SINCE: [(&str, &str, &str); 11] = [
    // A callback of `end` is told that nothing went wrong.
    (
        "internal/streams/writable",
        "    onfinishCallbacks[i]()\n",
        "    onfinishCallbacks[i](null)\n",
    ),
    // An encoding means nothing to objects.
    (
        "internal/streams/writable",
        "    encoding = state.defaultEncoding\n  } else {\n    if (!encoding) encoding = state.defaultEncoding\n    else if",
        "    encoding = state.objectMode ? undefined : state.defaultEncoding\n  } else {\n    if (!encoding) encoding = state.objectMode ? encoding : state.defaultEncoding\n    else if",
    ),
    (
        "internal/streams/writable",
        "  this.defaultEncoding = (options && options.defaultEncoding) || 'utf8'\n",
        "  this.defaultEncoding = (options && options.defaultEncoding) || 'utf8'\n  if (!Buffer.isEncoding(this.defaultEncoding)) throw new ERR_UNKNOWN_ENCODING(this.defaultEncoding)\n",
    ),
    (
        "internal/streams/readable",
        "  this.defaultEncoding = (options && options.defaultEncoding) || 'utf8'\n",
        "  this.defaultEncoding = (options && options.defaultEncoding) || 'utf8'\n  if (!Buffer.isEncoding(this.defaultEncoding)) throw new ERR_UNKNOWN_ENCODING(this.defaultEncoding)\n",
    ),
    (
        "internal/streams/readable",
        "    ERR_STREAM_UNSHIFT_AFTER_END_EVENT\n",
        "    ERR_STREAM_UNSHIFT_AFTER_END_EVENT,\n    ERR_UNKNOWN_ENCODING\n",
    ),
    // An error is told of once all streams have ended, and the first that is no end alone.
    (
        "internal/streams/pipeline",
        "          finish(err)\n        }\n      }\n      stream.on('error', onError)\n",
        "          finishImpl(err, false)\n        }\n      }\n      stream.on('error', onError)\n",
    ),
    (
        "internal/streams/pipeline",
        "pipe(ret, stream, finish, {\n",
        "pipe(ret, stream, finish, (err) => finishImpl(err, false), {\n",
    ),
    (
        "internal/streams/pipeline",
        "function pipe(src, dst, finish, { end }) {\n",
        "function pipe(src, dst, finish, failed, { end }) {\n",
    ),
    (
        "internal/streams/pipeline",
        "      finish(new ERR_STREAM_PREMATURE_CLOSE())\n",
        "      failed(new ERR_STREAM_PREMATURE_CLOSE())\n",
    ),
    // Why it was aborted is told.
    (
        "internal/streams/pipeline",
        "    finishImpl(new AbortError())\n",
        "    finishImpl(new AbortError(undefined, { cause: outerSignal === null || outerSignal === undefined ? undefined : outerSignal.reason }))\n",
    ),
    // What a destination does not take destroys it, and is not thrown at the source.
    (
        "internal/streams/readable",
        "    const ret = dest.write(chunk)\n    debug('dest.write', ret)\n    if (ret === false) {\n      pause()\n    }\n",
        "    try {\n      const ret = dest.write(chunk)\n      debug('dest.write', ret)\n      if (ret === false) {\n        pause()\n      }\n    } catch (error) {\n      dest.destroy(error)\n    }\n",
    ),
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=packages.rs");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let folder = folder_of(&READABLE_STREAM);
    println!("cargo:rerun-if-changed={}", folder.display());
    let mut table = String::new();
    for file in STREAMS {
        let path = folder.join("lib").join(format!("{file}.js"));
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| missing(&path, &error));
        let name = format!("node/stream/{file}");
        let place = out.join(format!("{}.js", name.replace('/', "_")));
        std::fs::write(&place, with_our_names(file, &text)).expect("OUT_DIR can be written");
        table.push_str(&format!(
            "    File::embedded({name:?}, include_str!({place:?})),\n"
        ));
    }
    let table = format!("&[\n{table}]\n");
    std::fs::write(out.join("streams.rs"), table).expect("OUT_DIR can be written");
}

/// Where `cargo xtask` leaves a package.
fn folder_of(package: &Package) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.join(".cache/npm").join(package.folder())
}

fn missing(path: &Path, error: &std::io::Error) -> String {
    eprintln!(
        "{}: {error}\n`cargo xtask setup` fetches the npm packages that are part of Twinloop; every `cargo xtask` that builds does",
        path.display()
    );
    std::process::exit(1)
}

/// The file's text, with each `require('x')` by the name that `x` has here.
fn with_our_names(file: &str, text: &str) -> String {
    const CALL: &str = "require('";
    let mut parts = text.split(CALL);
    let mut result = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (specifier, rest) = part.split_once('\'').expect("a specifier has an end");
        result.push_str(&format!("{CALL}{}'{rest}", our_name(file, specifier)));
    }
    // The package leaves a gap where Node has its adapters.
    result = result.replace(
        "webStreamsAdapters = {}",
        "webStreamsAdapters = require('node/stream/adapters')",
    );
    for (_, theirs, ours) in SINCE.iter().filter(|(place, ..)| *place == file) {
        assert!(
            result.matches(theirs).count() == 1,
            "readable-stream has changed: {file} has {theirs:?} no more"
        );
        result = result.replace(theirs, ours);
    }
    result
}

fn our_name(file: &str, specifier: &str) -> String {
    let target = if specifier.starts_with('.') {
        resolved(file, specifier)
    } else {
        specifier.to_owned()
    };
    let instead = INSTEAD.iter().find(|(theirs, _)| *theirs == target);
    instead.map_or_else(
        || format!("node/stream/{target}"),
        |(_, ours)| (*ours).to_owned(),
    )
}

/// `../x` in `a/b/c` is `a/x`.
fn resolved(file: &str, specifier: &str) -> String {
    let mut folders: Vec<&str> = file.split('/').collect();
    folders.pop();
    for part in specifier.split('/') {
        match part {
            "." => {}
            ".." => {
                folders.pop();
            }
            name => folders.push(name),
        }
    }
    folders.join("/").trim_end_matches(".js").to_owned()
}
