//! The safe layer over SpiderMonkey. All of the crate's `unsafe` code is in this folder; nothing outside needs any.
//!
//! # The pieces
//! - [`Context`]: one thread's engine. `context.enter(|scope| ...)` is the way in.
//! - [`Scope`]: the right to use the engine; every operation is a method of it (`get`, `set`, `call`, `string`,
//!   `promise_from_future`, `with_bytes`, ...), takes `&self`, and so calls nest freely. Only the innermost scope works.
//! - [`Local`]: a rooted value, `Copy`, valid in its scope. Type questions without side effects are its own methods
//!   (`is_undefined`, `as_f64`, `as_bool`, `as_index`, `type_of`).
//! - [`Slot`]: a value kept beyond the scope: `scope.persist(local)`, `scope.local(&slot)`. Futures hold only these.
//! - [`WeakSlot`]: an object that others keep: `scope.weak(local)`, `scope.upgrade(&slot)`.
//! - [`Error`]: `Error::type_error("...")`, `Error::dom("AbortError", "...")`, `Error::coded("ENOENT", "...")
//!   .with("syscall", "open")`; or what JavaScript threw. `?` passes both on.
//! - [`Op`]: a native operation in a static table; [`IntoJs`]: what a future may resolve to (`()`, numbers, `String`,
//!   [`Bytes`], [`Buffer`], [`Json`], `Vec`, `Option`, [`Slot`], or [`Make`] with a closure for any other shape).
//! - `scope.host_object(Rc<T>)` / `scope.expect_host::<T>(local, "a socket")`: Rust state behind an opaque object.
//! - `scope.memory_object(Rc<T>)`: the same for what is memory alone, which is free as soon as the object is collected.
//! - `scope.numbered_object(prototype, number)` / `scope.carried_number(local)`: the same by a number, where there are very many.
//! - `scope.state::<T>()`: one `Rc<T>` per context, for tables that a Rust module needs.
//!
//! # An op
//! ```ignore
//! use crate::engine::{Arguments, Bytes, Error, Local, Op, Scope};
//!
//! pub(crate) const OPS: &[Op] = &[Op::new("base64Encode", 1, base64_encode), Op::new("fsReadFile", 1, read_file)];
//!
//! fn base64_encode<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
//!     let text = scope.with_bytes(arguments.get(0), |bytes| encode(bytes))?;
//!     scope.string(&text)
//! }
//!
//! fn read_file<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
//!     let path = scope.string_of(arguments.get(0))?;
//!     scope.promise_from_future(async move {
//!         let bytes = twinloop_web::fs::read(&path).await.map_err(|error| io_error(error, "open", &path))?;
//!         Ok(Bytes(bytes))
//!     })
//! }
//! ```
//! In JavaScript that is `ops.base64Encode(view)` and `await ops.fsReadFile(path)`.
//!
//! # Rules
//! An op must not keep a `Local` (the borrow checker sees to it), must not block (ONE-WAIT), and may panic without
//! harm: a panic becomes a JavaScript `Error` (NO-ABORT). In `with_bytes` and `read_units` closures the engine cannot
//! be used. Drop code of host objects runs at a checkpoint, where entering the engine is allowed.

mod async_context;
mod async_frames;
mod buffers;
mod cache_files;
mod clone;
mod code_generation;
mod compile_cache;
mod compiled;
mod context;
mod convert;
mod coverage;
mod error;
mod full_stack;
mod functions;
mod global;
mod helper_threads;
mod inspection;
mod interrupt;
mod lent;
mod local;
pub(crate) mod mac;
mod microtasks;
mod modules;
mod numbered;
mod objects;
mod process;
mod promises;
mod reactions;
mod realms;
mod roots;
mod scope;
mod selfhosted;
mod stacks;
mod strings;
mod system;
mod tasks;
pub(crate) mod tls;
mod tracing;
pub(crate) mod transcoding;
mod wasm_modules;

pub use async_context::HostContext;
pub use buffers::{BufferKind, ViewType};
pub use cache_files::own_folder;
pub use clone::{CloneBuffer, CloneFailure};
pub use context::{Context, ContextOptions, Hooks, Owner, Parent};
pub use convert::{Buffer, Bytes, IntoJs, Json, Make};
pub use coverage::count_coverage;
pub use error::{Error, ErrorClass, Property};
pub use functions::{Arguments, Closure, Op, OpFunction};
pub use interrupt::{InterruptHandle, Pauses};
pub use lent::{CountedMemory, LentBytes};
pub use local::{Local, Type};
pub use microtasks::{ENQUEUE_TURN, MICROTASKS_QUEUED};
pub use modules::{ImportType, ModuleHost, ModuleRequest};
pub use objects::{Attributes, Class, Key};
pub use process::{leave_process, shut_down_process};
pub use promises::{PromiseState, Resolver, Spawner};
pub use realms::Source;
pub use roots::{Slot, WeakSlot};
pub use scope::{Caller, Scope};
pub use stacks::Frame;
pub use strings::Units;
pub use system::{Identity, Interface, Usage, interfaces, set_groups, set_identity};
pub use tasks::{Pending, Task, TaskSink};
