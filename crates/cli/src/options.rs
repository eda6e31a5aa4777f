//! The options that Node's users give, by their names (<https://nodejs.org/api/cli.html>): which there are, which take a value, and which of
//! them NODE_OPTIONS may have. What they do is decided where it is done; those that mean nothing here are accepted, as scripts have them.

use crate::arguments::UsageError;

/// How an option is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Alone, or with `no-` in front.
    Switch,
    /// With a value, as `--name=value` or `--name value`.
    Value,
    /// Alone or as `--name=value`.
    MaybeValue,
}

/// Options with a value.
const VALUES: &[&str] = &[
    "--allow-fs-read",
    "--allow-fs-write",
    "--conditions",
    "--cpu-prof-dir",
    "--cpu-prof-interval",
    "--cpu-prof-name",
    "--debug-port",
    "--diagnostic-dir",
    "--disable-proto",
    "--disable-warning",
    "--dns-result-order",
    "--env-file",
    "--env-file-if-exists",
    "--es-module-specifier-resolution",
    "--eval",
    "--experimental-config-file",
    "--experimental-default-type",
    "--experimental-loader",
    "--experimental-sea-config",
    "--experimental-specifier-resolution",
    "--experimental-test-isolation",
    "--heap-prof-dir",
    "--heap-prof-interval",
    "--heap-prof-name",
    "--heapsnapshot-near-heap-limit",
    "--heapsnapshot-signal",
    "--http-parser",
    "--icu-data-dir",
    "--import",
    "--import-map",
    "--input-type",
    "--inspect-port",
    "--inspect-publish-uid",
    "--loader",
    "--localstorage-file",
    "--max-http-header-size",
    "--max-old-space-size-percentage",
    "--network-family-autoselection-attempt-timeout",
    "--openssl-config",
    "--redirect-warnings",
    "--report-dir",
    "--report-directory",
    "--report-filename",
    "--report-signal",
    "--require",
    "--secure-heap",
    "--secure-heap-min",
    "--snapshot-blob",
    "--stack-trace-limit",
    "--test-concurrency",
    "--test-coverage-branches",
    "--test-coverage-exclude",
    "--test-coverage-functions",
    "--test-coverage-include",
    "--test-coverage-lines",
    "--test-global-setup",
    "--test-isolation",
    "--test-name-pattern",
    "--test-random-seed",
    "--test-reporter",
    "--test-reporter-destination",
    "--test-rerun-failures",
    "--test-shard",
    "--test-skip-pattern",
    "--test-timeout",
    "--title",
    "--tls-cipher-list",
    "--tls-keylog",
    "--trace-event-categories",
    "--trace-event-file-pattern",
    "--trace-require-module",
    "--unhandled-rejections",
    "--unhandled-rejections",
    "--use-largepages",
    "--v8-pool-size",
    "--watch-kill-signal",
    "--watch-path",
];

/// Switches that are none of the families below.
const SWITCHES: &[&str] = &[
    "--abort-on-uncaught-exception",
    "--addons",
    "--allow-addons",
    "--allow-child-process",
    "--allow-inspector",
    "--allow-natives-syntax",
    "--allow-wasi",
    "--allow-worker",
    "--async-context-frame",
    "--check",
    "--cpu-prof",
    "--debug-arraybuffer-allocations",
    "--deprecation",
    "--disable-sigusr1",
    "--disable-wasm-trap-handler",
    "--disallow-code-generation-from-strings",
    "--enable-etw-stack-walking",
    "--enable-fips",
    "--enable-network-family-autoselection",
    "--enable-source-maps",
    "--entry-url",
    "--expose-gc",
    "--expose-internals",
    "--extra-info-on-fatal-exception",
    "--force-async-hooks-checks",
    "--force-context-aware",
    "--force-fips",
    "--force-node-api-uncaught-exceptions-policy",
    "--frozen-intrinsics",
    "--global-search-paths",
    "--heap-prof",
    "--insecure-http-parser",
    "--interactive",
    "--interpreted-frames-native-stack",
    "--jitless",
    "--napi-modules",
    "--network-family-autoselection",
    "--node-memory-debug",
    "--node-snapshot",
    "--openssl-legacy-provider",
    "--openssl-shared-config",
    "--pending-deprecation",
    "--permission",
    "--preserve-symlinks",
    "--preserve-symlinks-main",
    "--prof",
    "--require-module",
    "--strip-types",
    "--test",
    "--test-force-exit",
    "--test-only",
    "--test-randomize",
    "--test-update-snapshots",
    "--throw-deprecation",
    "--track-heap-objects",
    "--use-bundled-ca",
    "--use-env-proxy",
    "--use-openssl-ca",
    "--use-system-ca",
    "--verify-base-objects",
    "--warnings",
    "--watch",
    "--watch-preserve-output",
    "--webstorage",
    "--worker-snapshot",
    "--zero-fill-buffers",
];

/// Families of options, most of them the engine's of Node: `--harmony-...`, `--max-old-space-size=...`.
const FAMILIES: &[&str] = &[
    "--allow-all",
    "--allow-env",
    "--allow-net",
    "--allow-read",
    "--allow-run",
    "--allow-write",
    "--concurrent-",
    "--deny-",
    "--es-staging",
    "--experimental-",
    "--gc-",
    "--harmony",
    "--huge-max-",
    "--initial-",
    "--inspect",
    "--interpreted-",
    "--lite-mode",
    "--max-",
    "--min-",
    "--opt",
    "--perf-",
    "--predictable",
    "--random-seed",
    "--report-",
    "--semi-space",
    "--single-threaded",
    "--stack-size",
    "--tls-",
    "--trace-",
    "--turbo",
    "--unbox-",
    "--wasm",
    "--test-coverage",
];

/// Options whose promise nothing keeps yet: who relies on one must hear it.
const NOT_THERE: &[&str] = &[
    "--disable-proto",
    "--disallow-code-generation-from-strings",
    "--enable-fips",
    "--force-fips",
    "--frozen-intrinsics",
];

/// Options of the command line alone.
const NOT_IN_ENVIRONMENT: &[&str] = &[
    "--check",
    "--eval",
    "--expose-internals",
    "--experimental-sea-config",
    "--help",
    "--interactive",
    "--print",
    "--prof-process",
    "--run",
    "--test",
    "--version",
    "--v8-options",
];

/// Refuses an option that would be taken and then not do what it says.
///
/// # Errors
/// Names the option.
pub(crate) fn require_there(name: &str) -> Result<(), UsageError> {
    if NOT_THERE.contains(&name) {
        return Err(UsageError::node(format!("{name} is not there yet")));
    }
    Ok(())
}

/// Refuses what is no value of an option.
///
/// # Errors
/// Names the option.
pub(crate) fn check_value(name: &str, value: &str) -> Result<(), UsageError> {
    const MODES: [&str; 5] = ["warn-with-error-codes", "throw", "strict", "warn", "none"];
    if name == "--unhandled-rejections" && !MODES.contains(&value) {
        return Err(UsageError::node(format!("invalid value for {name}")));
    }
    Ok(())
}

/// What `--v8-options` says, in V8's form: the options of Node's engine that scripts give and that are taken here.
pub(crate) fn engine_options() -> String {
    const OPTIONS: &[(&str, &str, &str)] = &[
        ("--allow-natives-syntax", "taken, and of no effect", "bool"),
        ("--expose-gc", "adds the function gc", "bool"),
        ("--harmony", "taken, and of no effect", "bool"),
        ("--max-old-space-size", "limits the heap, in MiB", "size_t"),
        ("--max-semi-space-size", "taken, and of no effect", "size_t"),
        ("--stack-size", "taken, and of no effect", "int"),
        ("--stack-trace-limit", "how many frames a stack has", "int"),
    ];
    let mut text =
        "Options of Node's engine, as far as they are taken here.\n\nOptions:\n".to_owned();
    for (name, what, kind) in OPTIONS {
        text.push_str(&format!(
            "  {name} ({what})\n        type: {kind}  default: {name}\n"
        ));
    }
    text
}

/// The form of an option of this name; `None` if there is none.
pub(crate) fn form(name: &str) -> Option<Form> {
    if VALUES.contains(&name) {
        return Some(Form::Value);
    }
    let positive = name
        .strip_prefix("--no-")
        .map_or_else(|| name.to_owned(), |rest| format!("--{rest}"));
    if SWITCHES.contains(&positive.as_str()) {
        return Some(Form::Switch);
    }
    let family = FAMILIES.iter().any(|start| positive.starts_with(start));
    family.then_some(Form::MaybeValue)
}

/// The name without the underscores that V8's options may have.
pub(crate) fn canonical(name: &str) -> String {
    let (dashes, rest) = name.split_at(name.len().min(2));
    match format!("{dashes}{}", rest.replace('_', "-")).as_str() {
        "--loader" => "--experimental-loader".to_owned(),
        "--experimental-strip-types" | "--experimental-transform-types" => {
            "--strip-types".to_owned()
        }
        "--no-experimental-strip-types" => "--no-strip-types".to_owned(),
        "--experimental-test-isolation" => "--test-isolation".to_owned(),
        "--experimental-permission" => "--permission".to_owned(),
        "--es-module-specifier-resolution" => "--experimental-specifier-resolution".to_owned(),
        other => other.to_owned(),
    }
}

/// Names and values of the options in the text of NODE_OPTIONS.
///
/// # Errors
/// Names the option that is unknown or may not stand there.
pub(crate) fn of_environment(text: &str) -> Result<Vec<(String, String)>, UsageError> {
    let words = split(text)?;
    let mut found = Vec::new();
    let mut words = words.into_iter().peekable();
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (word.clone(), None),
        };
        let name = match name.as_str() {
            "-r" => "--require".to_owned(),
            "-C" => "--conditions".to_owned(),
            _ => canonical(&name),
        };
        let refused = NOT_IN_ENVIRONMENT.contains(&name.as_str()) || !name.starts_with("--");
        let Some(form) = form(&name).filter(|_| !refused) else {
            return Err(UsageError::node(format!(
                "{word} is not allowed in NODE_OPTIONS"
            )));
        };
        require_there(&name)?;
        let value = match (form, value) {
            (_, Some(value)) => value,
            (Form::Value, None) => words
                .next_if(|next| !next.starts_with('-'))
                .ok_or_else(|| UsageError::node(format!("{name} requires an argument")))?,
            _ => String::new(),
        };
        check_value(&name, &value)?;
        found.push((name, value));
    }
    Ok(found)
}

/// Words between spaces; what stands in double quotes is one, with `\` before a character that means itself.
fn split(text: &str) -> Result<Vec<String>, UsageError> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut in_word = false;
    let mut quoted = false;
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' if quoted => match characters.next() {
                Some(next) => word.push(next),
                None => {
                    return Err(UsageError::node(
                        "invalid value for NODE_OPTIONS (invalid escape)".to_owned(),
                    ));
                }
            },
            '"' => {
                quoted = !quoted;
                in_word = true;
            }
            ' ' if !quoted => {
                if in_word {
                    words.push(std::mem::take(&mut word));
                }
                in_word = false;
            }
            _ => {
                word.push(character);
                in_word = true;
            }
        }
    }
    if quoted {
        return Err(UsageError::node(
            "invalid value for NODE_OPTIONS (unterminated string)".to_owned(),
        ));
    }
    if in_word {
        words.push(word);
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_have_their_forms() {
        assert_eq!(form("--require"), Some(Form::Value));
        assert_eq!(form("--no-warnings"), Some(Form::Switch));
        assert_eq!(form("--max-old-space-size"), Some(Form::MaybeValue));
        assert_eq!(form("--experimental-anything"), Some(Form::MaybeValue));
        assert_eq!(form("--nonsense"), None);
        assert_eq!(canonical("--max_old_space_size"), "--max-old-space-size");
    }

    #[test]
    fn the_environment_gives_options_in_words_and_quotes() {
        let found = of_environment("--require \"./a b.js\" --no-warnings  -r c").unwrap();
        assert_eq!(
            found,
            [
                ("--require".to_owned(), "./a b.js".to_owned()),
                ("--no-warnings".to_owned(), String::new()),
                ("--require".to_owned(), "c".to_owned())
            ]
        );
        for wrong in ["-e 1", "--test", "--nonsense", "x", "\"", "--require"] {
            assert!(of_environment(wrong).is_err(), "{wrong}");
        }
    }
}
