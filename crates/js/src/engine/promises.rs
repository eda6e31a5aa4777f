//! Promises: made by Rust, settled by Rust, and the futures behind them.
//!
//! `promise_from_future` is how an asynchronous op returns. The future is polled once at once, so an operation that is
//! already done costs no turn of the loop; otherwise the context's [`Spawner`] runs it. It holds slots, never locals
//! (rule ROOTED), and settles the promise from the loop; the checkpoint after that entry runs the reactions.

use std::cell::RefCell;
use std::future::Future;
use std::ops::DerefMut;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use mozjs::glue::JS_GetPromiseResult;
use mozjs::jsapi::{
    AddPromiseReactions, CallOriginalPromiseResolve, GetPromiseState, HandleObject,
    IsPromiseObject, NewPromiseObject, PromiseState as RawState, RejectPromise, ResolvePromise,
    SetAnyPromiseIsHandled,
};
use mozjs::jsval::UndefinedValue;

use super::context::ContextState;
use super::convert::IntoJs;
use super::error::Error;
use super::functions::{Arguments, panic_text};
use super::local::Local;
use super::roots::{Slot, root};
use super::scope::Scope;

/// What runs the futures behind promises: the loop.
pub trait Spawner {
    /// Runs the future on this thread; it keeps the program alive until it is done.
    fn spawn(&self, future: Pin<Box<dyn Future<Output = ()>>>);

    /// As [`spawn`](Self::spawn), polling the future once before this returns.
    fn begin(&self, future: Pin<Box<dyn Future<Output = ()>>>);
}

/// Where a promise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the language's own")]
pub enum PromiseState {
    Pending,
    Fulfilled,
    Rejected,
}

/// A pending promise that Rust will settle. Dropped unsettled, it leaves the promise pending for ever.
pub struct Resolver {
    promise: Slot,
    inner: Weak<ContextState>,
}

impl Resolver {
    /// The promise.
    pub fn promise<'s>(&self, scope: &Scope<'s>) -> Local<'s> {
        scope.local(&self.promise)
    }

    /// Settles the promise from outside any scope; nothing happens if the context has ended.
    pub fn settle<T: IntoJs>(self, outcome: Result<T, Error>) {
        let Some(inner) = self
            .inner
            .upgrade()
            .filter(|inner| inner.is_open() && !inner.stopped.get())
        else {
            return;
        };
        let scope = Scope::open(&inner);
        self.settle_in(&scope, outcome);
    }

    /// Settles the promise.
    pub fn settle_in<T: IntoJs>(self, scope: &Scope<'_>, outcome: Result<T, Error>) {
        let promise = scope.local(&self.promise);
        let settled = match outcome.and_then(|value| value.into_js(scope)) {
            Ok(value) => scope.resolve_promise(promise, value),
            Err(error) => match error.to_local(scope) {
                Some(reason) => {
                    if let Some(calls) = error.calls(scope) {
                        scope.note_calls(reason, calls);
                    }
                    scope.reject_promise(promise, reason)
                }
                None => Ok(()),
            },
        };
        if let Err(error) = settled {
            scope.report_uncaught(error);
        }
    }
}

impl<'s> Scope<'s> {
    /// A pending promise and the means to settle it.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn promise(&self) -> Result<(Local<'s>, Resolver), Error> {
        let promise = self.pending_promise()?;
        let resolver = Resolver {
            promise: self.persist(promise),
            inner: self.inner().this.clone(),
        };
        Ok((promise, resolver))
    }

    /// A promise for the future's outcome; it keeps the program alive until then.
    ///
    /// # Errors
    /// When memory runs out. Failures of the future reject the promise.
    pub fn promise_from_future<T: IntoJs>(
        &self,
        future: impl Future<Output = Result<T, Error>> + 'static,
    ) -> Result<Local<'s>, Error> {
        let mut future: Pin<Box<dyn Future<Output = Result<T, Error>>>> = Box::pin(future);
        let (promise, resolver) = self.promise()?;
        // A future may be polled with one waker now and another later; the later poll registers the one that counts.
        let polled = {
            let mut context = std::task::Context::from_waker(Waker::noop());
            let future = &mut future;
            // A panic in the poll is caught by the trampoline of the op that called.
            future.as_mut().poll(&mut context)
        };
        match polled {
            Poll::Ready(outcome) => resolver.settle_in(self, outcome),
            Poll::Pending => {
                let spawner = self.inner().spawner.borrow().clone();
                let spawner =
                    spawner.ok_or_else(|| Error::new("this context has no event loop"))?;
                spawner.spawn(Box::pin(
                    async move { resolver.settle(Caught(future).await) },
                ));
            }
        }
        Ok(promise)
    }

    /// As [`promise_from_future`](Self::promise_from_future), for what fails long after its call has left the stack: the report of a failure that
    /// ends the program names the place of that call. Its frames are captured with every call,
    /// so this is for what goes to another thread.
    ///
    /// # Errors
    /// As there.
    pub fn promise_from_call<T: IntoJs>(
        &self,
        future: impl Future<Output = Result<T, Error>> + 'static,
    ) -> Result<Local<'s>, Error> {
        let calls = self.persist(self.calls()?);
        self.promise_from_future(
            async move { future.await.map_err(|error| error.called_by(calls)) },
        )
    }

    /// As [`promise_from_future`](Self::promise_from_future), for a future that is seldom done at once (a fetch): its first poll
    /// is a task's own, so that it is not polled again only to say where it can be woken.
    ///
    /// # Errors
    /// When memory runs out, or there is no event loop.
    pub fn promise_from_long_future<T: IntoJs>(
        &self,
        future: impl Future<Output = Result<T, Error>> + 'static,
    ) -> Result<Local<'s>, Error> {
        let spawner = self.inner().spawner.borrow().clone();
        let spawner = spawner.ok_or_else(|| Error::new("this context has no event loop"))?;
        let (promise, resolver) = self.promise()?;
        // In a box of its own: a block that holds a future and then pins it has room for two.
        let future = Box::pin(future);
        spawner.begin(Box::pin(
            async move { resolver.settle(Caught(future).await) },
        ));
        Ok(promise)
    }

    /// A promise that [`resolve_promise`](Self::resolve_promise) or [`reject_promise`](Self::reject_promise) settles.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn pending_promise(&self) -> Result<Local<'s>, Error> {
        // SAFETY: without an executor the engine makes a pending promise; the result is rooted at once.
        self.root_object(unsafe { NewPromiseObject(self.cx(), HandleObject::null()) })
    }

    /// Resolves a promise that Rust made (adopting a thenable, as JavaScript's `resolve` does).
    ///
    /// # Errors
    /// When memory runs out, or a TypeError if it is no promise.
    pub fn resolve_promise(&self, promise: Local<'_>, value: Local<'_>) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, promise = self.promise_object(promise)?);
        // SAFETY: handles are roots.
        let ok = unsafe { ResolvePromise(cx, promise.handle(), value.handle()) };
        self.check(ok)
    }

    /// Rejects a promise that Rust made.
    ///
    /// # Errors
    /// As for [`resolve_promise`](Self::resolve_promise).
    pub fn reject_promise(&self, promise: Local<'_>, reason: Local<'_>) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, promise = self.promise_object(promise)?);
        // SAFETY: handles are roots.
        let ok = unsafe { RejectPromise(cx, promise.handle(), reason.handle()) };
        self.check(ok)
    }

    /// `Promise.resolve(value)`: a promise is returned as it is, a thenable is adopted.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn promise_resolve(&self, value: Local<'_>) -> Result<Local<'s>, Error> {
        // SAFETY: the handle is a root.
        self.root_object(unsafe { CallOriginalPromiseResolve(self.cx(), value.handle()) })
    }

    /// Whether the value is a promise (not any thenable).
    pub fn is_promise(&self, value: Local<'_>) -> bool {
        let cx = self.cx();
        let object = value.object_or_null();
        if object.is_null() {
            return false;
        }
        root!(cx, object = object);
        // SAFETY: the handle is a root.
        unsafe { IsPromiseObject(object.handle()) }
    }

    /// Where a promise stands; `None` if the value is no promise.
    pub fn promise_state(&self, promise: Local<'_>) -> Option<PromiseState> {
        let cx = self.cx();
        root!(cx, promise = self.promise_object(promise).ok()?);
        // SAFETY: the handle is a root and a promise.
        Some(match unsafe { GetPromiseState(promise.handle()) } {
            RawState::Pending => PromiseState::Pending,
            RawState::Fulfilled => PromiseState::Fulfilled,
            RawState::Rejected => PromiseState::Rejected,
        })
    }

    /// The value or reason of a settled promise; undefined for anything else.
    pub fn promise_result(&self, promise: Local<'_>) -> Local<'s> {
        if !matches!(
            self.promise_state(promise),
            Some(PromiseState::Fulfilled | PromiseState::Rejected)
        ) {
            return Local::undefined();
        }
        let cx = self.cx();
        root!(cx, promise = promise.object_or_null());
        root!(cx, result = UndefinedValue());
        // SAFETY: handles are roots; the promise is settled.
        unsafe { JS_GetPromiseResult(promise.handle(), result.handle_mut()) };
        self.root(result.get())
    }

    /// Marks a promise as handled, so that its rejection is not reported.
    pub fn mark_promise_handled(&self, promise: Local<'_>) {
        let cx = self.cx();
        let Ok(object) = self.promise_object(promise) else {
            return;
        };
        root!(cx, promise = object);
        // SAFETY: the handle is a root and a promise.
        let ok = unsafe { SetAnyPromiseIsHandled(cx, promise.handle()) };
        let _ = self.check(ok);
    }

    /// `promise.then(onFulfilled, onRejected)` that no program can have tampered with, without a derived promise.
    ///
    /// # Errors
    /// A TypeError if the first is no promise; when memory runs out.
    pub fn promise_then(
        &self,
        promise: Local<'_>,
        on_fulfilled: Local<'_>,
        on_rejected: Local<'_>,
    ) -> Result<(), Error> {
        let cx = self.cx();
        root!(cx, promise = self.promise_object(promise)?);
        root!(cx, on_fulfilled = self.object_of(on_fulfilled)?);
        root!(cx, on_rejected = self.object_of(on_rejected)?);
        // SAFETY: handles are roots; both functions are callable or the engine throws.
        let ok = unsafe {
            AddPromiseReactions(
                cx,
                promise.handle(),
                on_fulfilled.handle(),
                on_rejected.handle(),
            )
        };
        self.check(ok)
    }

    /// Calls `settled` in a microtask with the promise's outcome, once it has one. A thenable is adopted first.
    ///
    /// # Errors
    /// When memory runs out.
    pub fn when_settled(
        &self,
        value: Local<'_>,
        settled: impl for<'c> FnOnce(&Scope<'c>, Result<Local<'c>, Error>) -> Result<(), Error>
        + 'static,
    ) -> Result<(), Error> {
        let promise = self.promise_resolve(value)?;
        let once = Rc::new(RefCell::new(Some(settled)));
        let other = once.clone();
        let fulfilled =
            self.closure("", 1, move |scope: &Scope<'_>, arguments: Arguments<'_>| {
                if let Some(settled) = once.take() {
                    settled(scope, Ok(arguments.get(0)))?;
                }
                Ok(Local::undefined())
            })?;
        let rejected =
            self.closure("", 1, move |scope: &Scope<'_>, arguments: Arguments<'_>| {
                if let Some(settled) = other.take() {
                    settled(scope, Err(Error::thrown(scope, arguments.get(0))))?;
                }
                Ok(Local::undefined())
            })?;
        self.untracked(|| self.promise_then(promise, fulfilled, rejected))
    }

    fn promise_object(&self, promise: Local<'_>) -> Result<*mut mozjs::jsapi::JSObject, Error> {
        if !self.is_promise(promise) {
            return Err(Error::type_error("the value is not a promise"));
        }
        Ok(promise.object_or_null())
    }
}

/// A future whose panic is an error (rule NO-ABORT).
struct Caught<P>(Pin<P>);

impl<T, P> Future for Caught<P>
where
    P: DerefMut<Target: Future<Output = Result<T, Error>>>,
    Pin<P>: Unpin,
{
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        catch_unwind(AssertUnwindSafe(|| self.0.as_mut().poll(context))).unwrap_or_else(|panic| {
            Poll::Ready(Err(Error::new(format!(
                "a native operation panicked: {}",
                panic_text(&*panic)
            ))))
        })
    }
}
