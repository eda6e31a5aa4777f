//! What a room is, and where to find a file by each of its names. Data alone: nothing here runs or loads anything.

use std::collections::HashMap;

use crate::engine::Op;

/// A room: the files of one concept and the operations that they call.
pub(crate) struct Room {
    pub(crate) files: &'static [File],
    pub(crate) operations: &'static [&'static [Op]],
}

/// A JavaScript file and what of it programs see.
pub(crate) struct File {
    /// Its path below `crates/js/src`, without `.js`: what `require` takes.
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    /// Properties of the global object that are exports of this file under the same name.
    pub(crate) globals: &'static [&'static str],
    /// Specifiers of built-in modules (`node:` may be left out) whose exports are this file's.
    pub(crate) modules: &'static [&'static str],
    /// Whether it comes from an npm package: written by others, by rules of their own.
    #[cfg_attr(not(test), expect(dead_code, reason = "the tests of the rooms ask"))]
    pub(crate) embedded: bool,
}

impl File {
    /// A file that only other files see.
    pub(crate) const fn new(name: &'static str, text: &'static str) -> File {
        File {
            name,
            text,
            globals: &[],
            modules: &[],
            embedded: false,
        }
    }

    /// A file of an npm package, which `build.rs` took in.
    pub(crate) const fn embedded(name: &'static str, text: &'static str) -> File {
        File {
            embedded: true,
            ..File::new(name, text)
        }
    }

    /// What stacks call it. As in Node, because programs read that: the agents of npm's proxies know a request of `node:https` by its frame, and
    /// test runners leave out what is `node:internal/`.
    pub(crate) fn script_name(&self) -> String {
        match self.modules.first() {
            Some(module) => (*module).to_owned(),
            None => {
                let inside = self.name.strip_prefix("node/").unwrap_or(self.name);
                format!("node:internal/{inside}")
            }
        }
    }

    /// The same with these exports as globals.
    pub(crate) const fn globals(self, globals: &'static [&'static str]) -> File {
        File { globals, ..self }
    }

    /// The same as these built-in modules.
    pub(crate) const fn modules(self, modules: &'static [&'static str]) -> File {
        File { modules, ..self }
    }
}

/// Files and operations of a set of rooms.
pub(crate) struct Index {
    files: HashMap<&'static str, &'static File>,
    globals: HashMap<&'static str, &'static File>,
    modules: HashMap<&'static str, &'static File>,
    operations: Vec<&'static [Op]>,
}

impl Index {
    pub(crate) fn new(rooms: impl Iterator<Item = &'static Room>) -> Index {
        let mut index = Index {
            files: HashMap::new(),
            globals: HashMap::new(),
            modules: HashMap::new(),
            operations: Vec::new(),
        };
        for room in rooms {
            index.operations.extend(room.operations);
            for file in room.files {
                index.files.insert(file.name, file);
                let globals = file.globals.iter().map(|name| (*name, file));
                index.globals.extend(globals);
                let modules = file.modules.iter().map(|name| (*name, file));
                index.modules.extend(modules);
            }
        }
        index
    }

    pub(super) fn file(&self, name: &str) -> Option<&'static File> {
        self.files.get(name).copied()
    }

    pub(super) fn with_global(&self, name: &str) -> Option<&'static File> {
        self.globals.get(name).copied()
    }

    pub(super) fn operations(&self) -> Vec<&'static [Op]> {
        self.operations.clone()
    }

    /// Whether `name` is a property of the global object.
    pub(crate) fn is_global(&self, name: &str) -> bool {
        names_global_object(name) || self.globals.contains_key(name)
    }

    /// The name of every property of the global object.
    pub(crate) fn global_names(&self) -> Vec<&'static str> {
        self.globals.keys().copied().chain(GLOBAL_OBJECT).collect()
    }

    /// The specifier of every built-in module, with `node:`, in order.
    pub(crate) fn module_names(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self.modules.keys().copied().collect();
        names.sort_unstable();
        names
    }

    /// The specifier, with `node:`, of the built-in module that this file is.
    pub(crate) fn module_name(&self, file: &'static str) -> &'static str {
        let file = self.files.get(file).and_then(|file| file.modules.first());
        file.copied().unwrap_or("a built-in module")
    }

    /// The name of the file behind the specifier of a built-in module.
    pub(crate) fn builtin_module(&self, specifier: &str) -> Option<&'static str> {
        let file = if specifier.starts_with("node:") {
            self.modules.get(specifier)
        } else {
            let name = format!("node:{specifier}");
            let has_short_name = !ONLY_WITH_PREFIX.contains(&name.as_str());
            self.modules.get(name.as_str()).filter(|_| has_short_name)
        };
        file.map(|file| file.name)
    }
}

/// Modules that are younger than the prefix: without it their names are those of packages.
const ONLY_WITH_PREFIX: [&str; 4] = [
    "node:sea",
    "node:sqlite",
    "node:test",
    "node:test/reporters",
];

/// Names of the global object itself beside `globalThis`, which is the language's; `global` is Node's.
const GLOBAL_OBJECT: [&str; 2] = ["self", "global"];

pub(super) fn names_global_object(name: &str) -> bool {
    GLOBAL_OBJECT.contains(&name)
}
