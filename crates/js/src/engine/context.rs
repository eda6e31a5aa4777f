//! A context's life: one per thread, its own realm (`realms.rs` makes others), and the way in (`enter`). The engine's own life is in `process.rs`.
//!
//! A [`Context`] is a cheap handle; the [`Owner`] that `Context::create` returns ends it. The context stays in its
//! realm from creation to the end, so no call pays for entering one. Everything here runs on the context's thread;
//! what helper threads need is in `tasks.rs` and `interrupt.rs`.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ffi::c_void;
use std::hash::{BuildHasherDefault, Hasher};
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::rc::{Rc, Weak};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use mozjs::jsapi::js::{GetMallocHeapSizeForZone, GetRealmZone};
use mozjs::jsapi::{
    ContextOptionsRef, EnterRealm, GCReason, GetCurrentRealmOrNull, JS_DestroyContext, JS_GC,
    JS_GetContextPrivate, JS_GetGCParameter, JS_GetRuntime, JS_NewContext, JS_SetContextPrivate,
    JS_SetFutexCanWait, JS_SetGCCallback, JS_SetGCParameter, JS_SetNativeStackQuota, JSContext,
    JSGCParamKey, JSGCStatus, JSObject, JSRuntime, LeaveRealm, SetOutOfMemoryCallback,
    SetStackFormat, StackFormat,
};
use mozjs::jsval::JSVal;

use super::async_context::AsyncContext;
use super::compile_cache::CompileCache;
use super::compiled::Compiled;
use super::error::Error;
use super::functions::OpTable;
use super::global;
use super::interrupt::{Interrupt, InterruptHandle};
use super::local::Local;
use super::microtasks::{KeptObjects, Rejections};
use super::modules::ModuleHost;
use super::process;
use super::roots::{Anchor, Roots, Slot};
use super::scope::Scope;
use super::selfhosted;
use super::tasks::Tasks;
use super::tracing::Tracing;

/// How a context is made.
#[derive(Debug, Default, Clone)]
pub struct ContextOptions {
    /// Folder for the caches of compiled code: of the engine's own library, without which start-up takes 10 ms more, and of the scripts
    /// that [`Scope::evaluate_cached`] runs. Written when absent.
    pub cache_folder: Option<std::path::PathBuf>,
    /// A context whose library this one shares, instead of having its own: a start in a tenth of the time. It waits for this one's end.
    pub parent: Option<Parent>,
    /// How many bytes the heap may have; beyond, JavaScript is ended ([`Context::is_out_of_memory`]).
    pub heap_limit: Option<u32>,
}

/// What the engine asks of whoever built on it. Every method has a default, so a bare engine works.
pub trait Hooks {
    /// A property that the global object does not have yet, or only as the engine made it: define it on `global` and return true, or
    /// return false.
    fn resolve_global<'s>(
        &self,
        scope: &Scope<'s>,
        global: Local<'s>,
        name: &str,
    ) -> Result<bool, Error> {
        let _ = (scope, global, name);
        Ok(false)
    }
    /// Whether `resolve_global` may define `name`. Must not run JavaScript.
    fn may_resolve_global(&self, name: &str) -> bool {
        let _ = name;
        false
    }
    /// A global of the engine's own was made because the program names it for the first time.
    fn standard_global_made(&self, scope: &Scope<'_>) -> Result<(), Error> {
        let _ = scope;
        Ok(())
    }
    /// Every name that `resolve_global` knows (for `Object.getOwnPropertyNames(globalThis)`).
    fn global_names(&self, scope: &Scope<'_>) -> Vec<&'static str> {
        let _ = scope;
        Vec::new()
    }
    /// Makes a `DOMException`; the default is a plain `Error` with that name.
    fn dom_exception<'s>(
        &self,
        scope: &Scope<'s>,
        name: &str,
        message: &str,
    ) -> Result<Local<'s>, Error> {
        let error = scope.new_error(super::ErrorClass::Error, message)?;
        let name = scope.string(name)?;
        scope.set(error, "name", name)?;
        Ok(error)
    }
    /// The `CallSite`s that `Error.prepareStackTrace` gets for these frames; the default is an empty array.
    fn call_sites<'s>(
        &self,
        scope: &Scope<'s>,
        frames: Vec<super::Frame>,
    ) -> Result<Local<'s>, Error> {
        let _ = frames;
        scope.array(&[])
    }
    /// A stack as text with the places that its frames come from; nothing if it says them already.
    fn mapped_stack(&self, scope: &Scope<'_>, stack: &str) -> Option<String> {
        let _ = (scope, stack);
        None
    }
    /// A promise was rejected, and no handler was there when the microtasks had drained.
    fn unhandled_rejection(&self, scope: &Scope<'_>, promise: Local<'_>, reason: Local<'_>) {
        let _ = (scope, promise, reason);
    }
    /// A promise reported by `unhandled_rejection` got its handler after all.
    fn rejection_handled(&self, scope: &Scope<'_>, promise: Local<'_>, reason: Local<'_>) {
        let _ = (scope, promise, reason);
    }
    /// A microtask or callback threw and nobody can catch it.
    fn uncaught(&self, scope: &Scope<'_>, error: Error) {
        let _ = (scope, error);
    }
}

struct NoHooks;
impl Hooks for NoHooks {}

/// What became unreachable in a collection and is dropped at the next checkpoint, when running code is allowed again.
pub(super) type Graveyard = Rc<RefCell<Vec<Rc<dyn Any>>>>;

/// Takes the number of a type for its hash, which it is.
#[derive(Default)]
pub(super) struct TypeIdHasher(u64);

impl Hasher for TypeIdHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_ne_bytes(word));
        }
    }
    fn write_u64(&mut self, number: u64) {
        self.0 ^= number;
    }
}

pub(super) struct ContextState {
    pub(super) this: Weak<ContextState>,
    cx: Cell<*mut JSContext>,
    pub(super) roots: Rc<Roots>,
    anchor: RefCell<Option<Anchor>>,
    /// Number of open scopes; only the innermost may be used. `BORROWED` while bytes of the heap are lent out.
    pub(super) depth: Cell<u32>,
    global: RefCell<Option<Slot>>,
    /// Whether the realm was entered, which creation does last.
    entered: Cell<bool>,
    /// The engine's view of the microtask queue; freed after the context.
    pub(super) job_queue: Cell<*mut mozjs::glue::RustJobQueue>,
    pub(super) hooks: RefCell<Rc<dyn Hooks>>,
    pub(super) module_host: RefCell<Option<Rc<dyn ModuleHost>>>,
    pub(super) spawner: RefCell<Option<Rc<dyn super::Spawner>>>,
    pub(super) graveyard: Graveyard,
    pub(super) on_collected: RefCell<Option<super::numbered::OnCollected>>,
    pub(super) rejections: RefCell<Rejections>,
    /// Whether a realm has a queue of microtasks of its own.
    pub(super) has_own_queues: Cell<bool>,
    pub(super) draining: Cell<bool>,
    pub(super) kept: KeptObjects,
    pub(super) async_context: AsyncContext,
    pub(super) lent: super::lent::Lent,
    /// What runs before the microtasks, see `Scope::run_before_microtasks`.
    pub(super) first: RefCell<Option<Slot>>,
    /// Whether the next checkpoint begins with the microtasks all the same.
    pub(super) microtasks_first: Cell<bool>,
    /// Whether the engine was entered since the last checkpoint; if not, there is nothing for it to do.
    pub(super) touched: Cell<bool>,
    /// Clean-up jobs of FinalizationRegistries, for the next checkpoint.
    pub(super) clean_ups: RefCell<std::collections::VecDeque<Slot>>,
    pub(super) ops: RefCell<OpTable>,
    pub(super) state: RefCell<HashMap<TypeId, Rc<dyn Any>, BuildHasherDefault<TypeIdHasher>>>,
    pub(super) compiled: Compiled,
    pub(super) compile_cache: CompileCache,
    pub(super) interrupt: Interrupt,
    pub(super) tracing: Tracing,
    pub(super) tasks: RefCell<Option<Tasks>>,
    /// Set while the program is leaving: no further JavaScript may run.
    pub(super) stopped: Cell<bool>,
    /// The contexts that share one library.
    family: Parent,
    /// This one's place among them, unless the library is its own.
    member: RefCell<Option<Member>>,
    cache_folder: Option<std::path::PathBuf>,
    /// Whether memory ran out in a context with a limit.
    out_of_memory: Cell<bool>,
    /// Keeps `Context` on its thread.
    _thread: PhantomData<*mut ()>,
}

impl ContextState {
    /// The raw context.
    ///
    /// # Panics
    /// When the context has ended.
    pub(super) fn cx(&self) -> *mut JSContext {
        let cx = self.cx.get();
        assert!(!cx.is_null(), "the JavaScript context has ended");
        cx
    }

    pub(super) fn is_open(&self) -> bool {
        !self.cx.get().is_null()
    }

    pub(super) fn global_value(&self) -> JSVal {
        self.global
            .borrow()
            .as_ref()
            .expect("the global lives as long as the context")
            .value()
    }

    /// The `ContextState` behind a raw context.
    ///
    /// # Safety
    /// `cx` must be a live context that `Context::create` made; the reference must not outlive the native call.
    pub(super) unsafe fn of<'a>(cx: *mut JSContext) -> &'a ContextState {
        // SAFETY: the private was set at creation to an `ContextState` that `Owner` keeps until after the context is gone.
        unsafe { &*JS_GetContextPrivate(cx).cast::<ContextState>() }
    }
}

/// A handle to one thread's JavaScript context. Clones are the same context.
#[derive(Clone)]
pub struct Context(pub(super) Rc<ContextState>);

/// Owns a context: dropping it ends the context, after which every `Context` handle is closed.
pub struct Owner(Context);

impl Context {
    /// Creates this thread's context and its realm.
    ///
    /// # Errors
    /// When the engine cannot start, or this thread already has a context.
    pub fn create(options: &ContextOptions) -> Result<Owner, String> {
        if ON_THREAD.get() {
            return Err("this thread already has a JavaScript context".to_string());
        }
        let quota = stack_quota()?;
        process::begin_context()?;
        let member = match &options.parent {
            Some(parent) => Some(parent.join().inspect_err(|_| process::end_context())?),
            None => None,
        };
        let runtime = (member.as_ref()).map_or(ptr::null_mut(), |member| member.0.runtime);
        // SAFETY: the engine is initialised; a null parent makes an independent runtime, and another one lives as long as it has members.
        let cx = unsafe { JS_NewContext(32 << 20, runtime) };
        if cx.is_null() {
            drop(member);
            process::end_context();
            return Err("cannot create a JavaScript context: out of memory".to_string());
        }
        let family = match &options.parent {
            Some(parent) => parent.clone(),
            // SAFETY: a live context has a runtime.
            None => Parent::new(unsafe { JS_GetRuntime(cx) }),
        };
        let inner = Rc::new_cyclic(|this| ContextState {
            this: this.clone(),
            entered: Cell::new(false),
            job_queue: Cell::new(ptr::null_mut()),
            cx: Cell::new(cx),
            roots: Roots::new(),
            anchor: RefCell::new(None),
            depth: Cell::new(0),
            global: RefCell::new(None),
            hooks: RefCell::new(Rc::new(NoHooks)),
            module_host: RefCell::new(None),
            spawner: RefCell::new(None),
            graveyard: Graveyard::default(),
            on_collected: RefCell::new(None),
            rejections: RefCell::new(Rejections::default()),
            has_own_queues: Cell::new(false),
            draining: Cell::new(false),
            kept: KeptObjects::default(),
            async_context: AsyncContext::default(),
            lent: Default::default(),
            first: RefCell::new(None),
            microtasks_first: Cell::new(false),
            touched: Cell::new(false),
            clean_ups: RefCell::default(),
            ops: RefCell::new(OpTable::default()),
            state: RefCell::default(),
            compiled: Compiled::new(options.cache_folder.as_deref()),
            compile_cache: CompileCache::default(),
            interrupt: Interrupt::new(cx),
            tracing: Tracing::default(),
            tasks: RefCell::new(None),
            stopped: Cell::new(false),
            family,
            member: RefCell::new(member),
            cache_folder: options.cache_folder.clone(),
            out_of_memory: Cell::new(false),
            _thread: PhantomData,
        });
        ON_THREAD.set(true);
        let owner = Owner(Context(inner.clone()));
        // SAFETY: `cx` is fresh and on its own thread; `inner` and `inner.roots` live until `Owner::drop` is done.
        unsafe {
            JS_SetContextPrivate(cx, Rc::as_ptr(&inner).cast_mut().cast::<c_void>());
            *inner.anchor.borrow_mut() = Some(Anchor::link(cx, &inner.roots));
            if !inner.roots.watch_deaths(cx) {
                return Err("cannot create a JavaScript context: out of memory".to_string());
            }
            let limit = options.heap_limit.unwrap_or(u32::MAX);
            JS_SetGCParameter(cx, JSGCParamKey::JSGC_MAX_BYTES, limit);
            if let Some(limit) = options.heap_limit {
                SetOutOfMemoryCallback(cx, Some(ran_out_of_memory), ptr::null_mut());
                // The engine's own limit leaves out what objects have from the allocator: elements, text, bytes.
                let often = (limit >> 21).max(1);
                JS_SetGCParameter(cx, JSGCParamKey::JSGC_MALLOC_THRESHOLD_BASE, often);
                JS_SetGCCallback(cx, Some(collected), ptr::null_mut());
            }
            // What survives a minor collection leaves the nursery: `SlotTable` counts on it. (It is the default.)
            JS_SetGCParameter(cx, JSGCParamKey::JSGC_SEMISPACE_NURSERY_ENABLED, 0);
            JS_SetNativeStackQuota(cx, quota, quota - (quota >> 5), quota - (quota >> 4));
            if options.parent.is_none() {
                SetStackFormat(cx, StackFormat::V8);
            }
            // `Atomics.wait` may block: a program that waits on its only thread for nobody can be interrupted.
            JS_SetFutexCanWait(cx);
            // A stack captured at each promise makes `await` many times dearer.
            (*ContextOptionsRef(cx)).set_asyncStack_(false);
        }
        process::set_options(cx);
        super::microtasks::install(&inner);
        inner.interrupt.install(cx);
        selfhosted::initialize(cx, options.cache_folder.as_deref())?;
        let global = global::create(cx)?;
        // SAFETY: `global` was just made and nothing has allocated since; it becomes a root before anything does.
        unsafe {
            *inner.global.borrow_mut() = Some(inner.roots.slot(mozjs::jsval::ObjectValue(global)));
            EnterRealm(cx, global);
        }
        inner.entered.set(true);
        global::initialize(&inner)?;
        super::modules::install(cx);
        Ok(owner)
    }

    /// Runs `f` in a fresh scope. Everything that `f` makes in the heap may be collected afterwards, unless it is
    /// reachable or was put into a [`Slot`].
    ///
    /// # Panics
    /// When the context has ended; ask [`is_open`](Self::is_open) where that can happen.
    pub fn enter<R>(&self, f: impl for<'s> FnOnce(&Scope<'s>) -> R) -> R {
        let scope = Scope::open(&self.0);
        f(&scope)
    }

    /// Whether the context still lives.
    pub fn is_open(&self) -> bool {
        self.0.is_open()
    }

    /// Replaces the hooks.
    pub fn set_hooks(&self, hooks: Rc<dyn Hooks>) {
        *self.0.hooks.borrow_mut() = hooks;
    }

    /// Replaces what loads modules.
    pub fn set_module_host(&self, host: Rc<dyn ModuleHost>) {
        *self.0.module_host.borrow_mut() = Some(host);
    }

    /// Replaces what runs the futures behind promises.
    pub fn set_spawner(&self, spawner: Rc<dyn super::Spawner>) {
        *self.0.spawner.borrow_mut() = Some(spawner);
    }

    /// A handle that ends running JavaScript from any thread.
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.0.interrupt.handle()
    }

    /// Forbids any further JavaScript: the program is leaving (`process.exit`). Calls give a terminated error.
    pub fn stop(&self) {
        self.0.stopped.set(true);
    }

    /// What another thread's context needs to share this one's library.
    pub fn parent(&self) -> Parent {
        self.0.family.clone()
    }

    /// Where this context keeps compiled code, if it does.
    pub fn cache_folder(&self) -> Option<std::path::PathBuf> {
        self.0.cache_folder.clone()
    }

    /// Whether JavaScript was ended because its heap had reached the limit.
    pub fn is_out_of_memory(&self) -> bool {
        self.0.out_of_memory.get()
    }

    /// Whether [`stop`](Self::stop) was called.
    pub fn is_stopped(&self) -> bool {
        self.0.stopped.get()
    }

    /// Collects garbage now; for tests and for memory pressure.
    pub fn collect_garbage(&self) {
        self.0.touched.set(true);
        // SAFETY: the context is live and this is its thread; roots are exact, so a collection is allowed anywhere.
        unsafe { JS_GC(self.0.cx(), GCReason::API) };
    }

    /// Number of live [`Slot`]s; tests use it to find leaks.
    pub fn live_slots(&self) -> usize {
        self.0.roots.live_slots()
    }
}

impl Owner {
    /// The context.
    pub fn context(&self) -> &Context {
        &self.0
    }
}

impl Drop for Owner {
    fn drop(&mut self) {
        let inner = &self.0.0;
        assert_eq!(
            inner.depth.get(),
            0,
            "a JavaScript context cannot end while JavaScript runs"
        );
        let cx = inner.cx();
        if !process::is_lost() {
            super::lent::outlive(inner);
        }
        inner.stopped.set(true);
        // What these hold may hold slots and futures; drop them while the heap still stands.
        *inner.hooks.borrow_mut() = Rc::new(NoHooks);
        *inner.module_host.borrow_mut() = None;
        *inner.spawner.borrow_mut() = None;
        let state = std::mem::take(&mut *inner.state.borrow_mut());
        drop(state);
        inner.rejections.borrow_mut().clear();
        *inner.first.borrow_mut() = None;
        inner.async_context.forget();
        inner.tracing.forget();
        inner.clean_ups.borrow_mut().clear();
        inner.compiled.forget();
        inner.compile_cache.forget();
        if process::is_lost() {
            // The engine might wait for a thread that this process does not have: its heap ends with the process.
            inner.interrupt.close();
            inner.cx.set(ptr::null_mut());
            ON_THREAD.set(false);
            return;
        }
        super::tasks::shut_down(inner);
        inner.interrupt.close();
        inner.roots.clear();
        *inner.global.borrow_mut() = None;
        if inner.member.borrow().is_none() && !inner.family.wait_for_members() {
            // A member hangs in a call of the system: the library that it uses ends with the process.
            inner.cx.set(ptr::null_mut());
            ON_THREAD.set(false);
            return;
        }
        // SAFETY: the realm was entered once, at creation, from none. The stores are empty and no scope is open, so the
        // anchor is the last stack root; `JS_DestroyContext` runs the last finalizers, which need only the graveyard.
        unsafe {
            if inner.entered.get() {
                LeaveRealm(cx, ptr::null_mut());
            }
            if let Some(anchor) = inner.anchor.borrow_mut().take() {
                anchor.unlink();
            }
            JS_DestroyContext(cx);
        }
        inner.cx.set(ptr::null_mut());
        super::microtasks::uninstall(inner);
        ON_THREAD.set(false);
        process::end_context();
        let member = inner.member.borrow_mut().take();
        drop(member);
        bury(inner);
    }
}

/// The contexts that share the library of one, the first of them, which lives longest. Any thread may hold this.
#[derive(Clone)]
pub struct Parent(Arc<Family>);

struct Family {
    runtime: *mut JSRuntime,
    /// How many share it; `None` once it is going.
    members: Mutex<Option<usize>>,
    fewer: Condvar,
}

// SAFETY: the pointer is only handed to `JS_NewContext`, which takes a runtime of another thread, and only while the family has members,
// for which the runtime's own thread waits before it ends it.
unsafe impl Send for Family {}
// SAFETY: as above; what changes is under the lock.
unsafe impl Sync for Family {}

impl std::fmt::Debug for Parent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Parent")
    }
}

/// A place in a family.
struct Member(Arc<Family>);

impl Parent {
    fn new(runtime: *mut JSRuntime) -> Parent {
        Parent(Arc::new(Family {
            runtime,
            members: Mutex::new(Some(0)),
            fewer: Condvar::new(),
        }))
    }

    fn join(&self) -> Result<Member, String> {
        let mut members = self
            .0
            .members
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(count) = &mut *members else {
            return Err("the JavaScript context that this one belongs to has ended".to_string());
        };
        *count += 1;
        Ok(Member(Arc::clone(&self.0)))
    }

    /// Forbids new members and waits until there are none; false if there are some after a while.
    fn wait_for_members(&self) -> bool {
        const PATIENCE: Duration = Duration::from_secs(5);
        let members = self
            .0
            .members
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (mut members, _) = self
            .0
            .fewer
            .wait_timeout_while(members, PATIENCE, |members| {
                members.is_some_and(|count| count > 0)
            })
            .unwrap_or_else(PoisonError::into_inner);
        let none = members.is_none_or(|count| count == 0);
        *members = None;
        none
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        let mut members = self
            .0
            .members
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = &mut *members {
            *count -= 1;
        }
        drop(members);
        self.0.fewer.notify_all();
    }
}

/// # Safety
/// Called by the engine, on the context's thread, before and after a collection.
unsafe extern "C" fn collected(
    cx: *mut JSContext,
    status: JSGCStatus,
    _: GCReason,
    _: *mut c_void,
) {
    if status != JSGCStatus::JSGC_END {
        return;
    }
    // SAFETY: a live context of ours, in its realm unless it begins or ends; the rest are plain queries.
    let over = unsafe {
        let realm = GetCurrentRealmOrNull(cx);
        if realm.is_null() {
            return;
        }
        let limit = JS_GetGCParameter(cx, JSGCParamKey::JSGC_MAX_BYTES);
        let cells = JS_GetGCParameter(cx, JSGCParamKey::JSGC_BYTES);
        let beside = GetMallocHeapSizeForZone(GetRealmZone(realm));
        cells as usize + beside > limit as usize
    };
    if over {
        // SAFETY: as above.
        unsafe { ran_out_of_memory(cx, ptr::null_mut()) };
    }
}

/// # Safety
/// Called by the engine, on the context's thread, when it could not allocate.
unsafe extern "C" fn ran_out_of_memory(cx: *mut JSContext, _: *mut c_void) {
    // SAFETY: a live context of ours: the callback is set when its private is.
    let inner = unsafe { ContextState::of(cx) };
    inner.out_of_memory.set(true);
    // What catches the error must not go on: the next safe point ends it, and nothing runs afterwards.
    inner.interrupt.handle().end();
}

thread_local! {
    static ON_THREAD: Cell<bool> = const { Cell::new(false) };
}

/// Whether this thread has a context.
pub(super) fn on_this_thread() -> bool {
    ON_THREAD.try_with(Cell::get).unwrap_or(false)
}

/// Drops what collections left behind. Dropping may itself bury more (a closure that owned the last slot of another).
pub(super) fn bury(inner: &ContextState) {
    while has_dead(inner) {
        let dead = std::mem::take(&mut *inner.graveyard.borrow_mut());
        drop(dead);
        super::numbered::tell_collected(inner);
    }
}

/// Whether there is something to bury.
pub(super) fn has_dead(inner: &ContextState) -> bool {
    !inner.graveyard.borrow().is_empty() || super::numbered::are_collected()
}

/// How much native stack JavaScript may use on this thread: what the thread really has, less room for Rust and C++
/// frames that start near the limit (the parsers recurse too), and for what is on the stack when JavaScript begins.
fn stack_quota() -> Result<usize, String> {
    const LEAST: usize = 240 << 10;
    const MOST: usize = 16 << 20;
    const UNKNOWN: usize = 1 << 20;
    let size = main_stack().unwrap_or_else(|| {
        // SAFETY: `attributes` is initialised by pthread_getattr_np before it is read, and destroyed once.
        unsafe {
            let mut attributes: libc::pthread_attr_t = std::mem::zeroed();
            if libc::pthread_getattr_np(libc::pthread_self(), &mut attributes) != 0 {
                UNKNOWN
            } else {
                let (mut address, mut size) = (ptr::null_mut(), 0);
                let known = libc::pthread_attr_getstack(&attributes, &mut address, &mut size) == 0;
                libc::pthread_attr_destroy(&mut attributes);
                if known { size } else { UNKNOWN }
            }
        }
    });
    if size < LEAST {
        return Err(format!(
            "cannot start JavaScript on this thread: its stack has {} KiB, and at least {} KiB are needed",
            size >> 10,
            LEAST >> 10
        ));
    }
    let size = size.min(MOST);
    Ok(size - (size / 4).clamp(128 << 10, 1 << 20))
}

/// The stack's size if this is the process's first thread, whose stack grows up to its limit: the C library would read a table of all
/// mappings to tell the same. `None` on other threads.
fn main_stack() -> Option<usize> {
    // SAFETY: both only read; `limit` is a live struct of the right type.
    unsafe {
        if libc::gettid() != libc::getpid() {
            return None;
        }
        let mut limit = libc::rlimit {
            rlim_cur: 0,
            rlim_max: 0,
        };
        let known = libc::getrlimit(libc::RLIMIT_STACK, &mut limit) == 0;
        known.then(|| usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX))
    }
}

/// Not null, or an out-of-memory message naming `what`.
pub(super) fn allocated(object: *mut JSObject, what: &str) -> Result<*mut JSObject, String> {
    NonNull::new(object)
        .map(NonNull::as_ptr)
        .ok_or_else(|| format!("cannot create {what}: out of memory"))
}
