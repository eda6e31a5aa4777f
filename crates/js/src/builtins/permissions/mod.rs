//! What a program may reach beyond itself: `--permission` with its `--allow-...` and `--deny-...` options.
//!
//! Off, a program may do what its user may. On, it may do what was granted: an operation asks here before it begins, and what is not granted
//! is an error like any other (`ERR_ACCESS_DENIED`), which names the permission and the thing. The names are Node's
//! (<https://nodejs.org/api/permissions.html>) and Deno's (<https://docs.deno.com/runtime/fundamentals/security/>), side by side.
//!
//! A path is judged by where it leads: links are followed first, so that none leads out of a granted folder. Who may change folders while
//! the program runs can still swap one between the question and the use.

mod rules;
#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;

use self::rules::{Grants, HostRule, NameRule, PathRule, Rule, destination, name_itself};
use crate::engine::{Error, Scope};

/// Something that a program may be kept from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Permission {
    FileSystemRead,
    FileSystemWrite,
    Net,
    ChildProcess,
    WorkerThreads,
}

impl Permission {
    /// Its name in errors, and the option that grants it.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Permission::FileSystemRead => ("FileSystemRead", "--allow-fs-read"),
            Permission::FileSystemWrite => ("FileSystemWrite", "--allow-fs-write"),
            Permission::Net => ("Net", "--allow-net"),
            Permission::ChildProcess => ("ChildProcess", "--allow-child-process"),
            Permission::WorkerThreads => ("WorkerThreads", "--allow-worker"),
        }
    }
}

/// What an operation does at a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Access {
    reads: bool,
    writes: bool,
    /// Whether it follows a link that stands there.
    follows: bool,
}

impl Access {
    pub(crate) const READ: Access = Access::new(true, false, true);
    pub(crate) const WRITE: Access = Access::new(false, true, true);
    pub(crate) const READ_AND_WRITE: Access = Access::new(true, true, true);
    /// Of the name itself, which may be a link's.
    pub(crate) const READ_NAME: Access = Access::new(true, false, false);
    pub(crate) const WRITE_NAME: Access = Access::new(false, true, false);
    pub(crate) const READ_AND_WRITE_NAME: Access = Access::new(true, true, false);

    /// A folder that is removed or gets another name takes with it what is below.
    fn takes_all_below(self) -> bool {
        self.writes && !self.follows
    }

    const fn new(reads: bool, writes: bool, follows: bool) -> Access {
        Access {
            reads,
            writes,
            follows,
        }
    }
}

/// A permission that the program does not have.
#[derive(Debug, Clone)]
pub(crate) struct Denied {
    permission: Permission,
    resource: String,
}

impl Denied {
    fn unless(has: bool, permission: Permission, resource: &str) -> Result<(), Denied> {
        has.then_some(()).ok_or_else(|| Denied {
            permission,
            resource: resource.to_owned(),
        })
    }
}

impl std::fmt::Display for Denied {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (_, option) = self.permission.names();
        write!(
            formatter,
            "Access to this API has been restricted. Use {option} to manage permissions."
        )
    }
}

impl std::error::Error for Denied {}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Error {
        let (name, _) = denied.permission.names();
        Error::new(denied.to_string())
            .with("code", "ERR_ACCESS_DENIED")
            .with("permission", name)
            .with("resource", denied.resource)
    }
}

/// What a program may do.
#[derive(Debug, Clone, Default)]
pub struct Permissions {
    read: Grants<PathRule>,
    write: Grants<PathRule>,
    net: Grants<HostRule>,
    run: Grants<NameRule>,
    environment: Grants<NameRule>,
    worker: bool,
}

impl Permissions {
    /// What the options of the command say; `None` without `--permission`.
    ///
    /// # Errors
    /// Names an option that grants or denies something while nothing is limited.
    pub fn of_options(options: &[(String, String)]) -> Result<Option<Permissions>, String> {
        let has = |name: &str| options.iter().any(|(each, _)| each == name);
        let mut permissions = Permissions::default();
        // Without an option the environment is open, as in Node.
        permissions.environment.all = !has("--allow-env");
        let mut first = None;
        for (name, value) in options {
            match name.as_str() {
                "--allow-all" => permissions.grant_all(),
                "--allow-fs-read" => permissions.read.grant_one(value),
                "--allow-fs-write" => permissions.write.grant_one(value),
                "--allow-read" => permissions.read.grant(value),
                "--allow-write" => permissions.write.grant(value),
                "--allow-net" => permissions.net.grant(value),
                "--allow-child-process" | "--allow-run" => permissions.run.grant(value),
                "--allow-env" => permissions.environment.grant(value),
                "--allow-worker" => permissions.worker = true,
                "--deny-read" => permissions.read.deny(value),
                "--deny-write" => permissions.write.deny(value),
                "--deny-net" => permissions.net.deny(value),
                "--deny-run" => permissions.run.deny(value),
                "--deny-env" => permissions.environment.deny(value),
                _ => continue,
            }
            first = first.or(Some(name));
        }
        if has("--permission") {
            return Ok(Some(permissions));
        }
        match first {
            Some(name) => Err(format!(
                "{name} says what a limited program may do: it needs --permission"
            )),
            None => Ok(None),
        }
    }

    fn grant_all(&mut self) {
        self.read.all = true;
        self.write.all = true;
        self.net.all = true;
        self.run.all = true;
        self.environment.all = true;
        self.worker = true;
    }

    /// Lets the program read this file, which is its own.
    pub fn allow_file(&mut self, file: &Path) {
        let file = PathRule::Below(destination(file));
        self.read.granted.push(file);
    }

    fn path(&self, access: Access, path: &Path) -> Result<(), Denied> {
        let asked = [
            (access.reads, &self.read, Permission::FileSystemRead),
            (access.writes, &self.write, Permission::FileSystemWrite),
        ];
        let mut leads_to = None;
        for (_, grants, permission) in asked.into_iter().filter(|(is_asked, ..)| *is_asked) {
            if grants.has_all() {
                continue;
            }
            let place = leads_to.get_or_insert_with(|| match access.follows {
                true => destination(path),
                false => name_itself(path),
            });
            let has =
                grants.has(place) && !(access.takes_all_below() && grants.denies_below(place));
            Denied::unless(has, permission, &path.to_string_lossy())?;
        }
        Ok(())
    }
}

/// The limits of a context; without any, nothing is asked.
#[derive(Default)]
pub(crate) struct Limits(RefCell<Option<Permissions>>);

impl Limits {
    pub(crate) fn set(&self, permissions: Option<Permissions>) {
        *self.0.borrow_mut() = permissions;
    }

    /// For a worker, which may do what its parent may.
    pub(crate) fn copy(&self) -> Option<Permissions> {
        self.0.borrow().clone()
    }

    pub(crate) fn are_set(&self) -> bool {
        self.0.borrow().is_some()
    }

    fn ask(&self, question: impl FnOnce(&Permissions) -> Result<(), Denied>) -> Result<(), Denied> {
        self.0.borrow().as_ref().map_or(Ok(()), question)
    }

    /// May the program do this at this path?
    pub(crate) fn path(&self, access: Access, path: &Path) -> Result<(), Denied> {
        self.ask(|permissions| permissions.path(access, path))
    }

    /// May it make symbolic links? Others follow them to where it may not go itself.
    pub(crate) fn make_links(&self) -> Result<(), Error> {
        let permissions = self.0.borrow();
        match permissions.as_ref() {
            Some(permissions) if !permissions.read.has_all() || !permissions.write.has_all() => {
                Err(Error::coded(
                    "ERR_ACCESS_DENIED",
                    "fs.symlink API requires full fs.read and fs.write permissions.",
                ))
            }
            _ => Ok(()),
        }
    }

    /// May it change any file? For open ones, which may have been opened for reading alone.
    pub(crate) fn change_open_files(&self) -> Result<(), Denied> {
        self.ask(|permissions| {
            let has = permissions.write.has_all();
            Denied::unless(has, Permission::FileSystemWrite, "*")
        })
    }

    /// May it connect to this host (`host:port`), or look it up?
    pub(crate) fn host(&self, host: &str) -> Result<(), Denied> {
        self.ask(|permissions| Denied::unless(permissions.net.has(host), Permission::Net, host))
    }

    /// May it start this program?
    pub(crate) fn run(&self, program: &str) -> Result<(), Denied> {
        self.ask(|permissions| {
            let has = permissions.run.has(program);
            Denied::unless(has, Permission::ChildProcess, program)
        })
    }

    /// May it send signals to others than itself? Who may start some may end them.
    pub(crate) fn signals(&self) -> Result<(), Denied> {
        self.ask(|permissions| {
            let has = permissions.run.all || !permissions.run.granted.is_empty();
            Denied::unless(has, Permission::ChildProcess, "kill")
        })
    }

    /// May it start a worker?
    pub(crate) fn worker(&self) -> Result<(), Denied> {
        self.ask(|permissions| Denied::unless(permissions.worker, Permission::WorkerThreads, ""))
    }

    /// Is this variable of the environment there for it?
    pub(crate) fn shows_variable(&self, name: &str) -> bool {
        let permissions = self.0.borrow();
        (permissions.as_ref()).is_none_or(|permissions| permissions.environment.has(name))
    }

    /// `process.permission.has(name, reference)`; without a reference, whether nothing of the kind is kept from the program.
    pub(crate) fn has(&self, name: &str, reference: Option<&str>) -> bool {
        fn has<R: Rule>(grants: &Grants<R>, reference: Option<&R::Thing>) -> bool {
            reference.map_or_else(|| grants.has_all(), |thing| grants.has(thing))
        }
        let permissions = self.0.borrow();
        let Some(permissions) = permissions.as_ref() else {
            return true;
        };
        let path = reference.map(|path| destination(Path::new(path)));
        let path = path.as_deref();
        match name {
            "fs" => has(&permissions.read, path) && has(&permissions.write, path),
            "fs.read" | "read" => has(&permissions.read, path),
            "fs.write" | "write" => has(&permissions.write, path),
            "net" => has(&permissions.net, reference),
            "child" | "run" => has(&permissions.run, reference),
            "env" => has(&permissions.environment, reference),
            "worker" => permissions.worker,
            _ => false,
        }
    }

    /// `process.permission.drop(name, reference)`: takes back for good what was granted by this reference, or all of the kind.
    pub(crate) fn take_back(&self, name: &str, reference: Option<&str>) {
        let mut permissions = self.0.borrow_mut();
        let Some(permissions) = permissions.as_mut() else {
            return;
        };
        match name {
            "fs" => {
                permissions.read.take_back(reference);
                permissions.write.take_back(reference);
            }
            "fs.read" | "read" => permissions.read.take_back(reference),
            "fs.write" | "write" => permissions.write.take_back(reference),
            "net" => permissions.net.take_back(reference),
            "child" | "run" => permissions.run.take_back(reference),
            "env" => permissions.environment.take_back(reference),
            "worker" => permissions.worker = false,
            _ => {}
        }
    }
}

/// The limits of the context that `scope` is in.
pub(crate) fn limits(scope: &Scope<'_>) -> Rc<Limits> {
    scope.state::<Limits>()
}
