//! Rejections that wait for Python: a promise that Python holds may be awaited at any time.
//!
//! JavaScript reports a rejection that has no handler once its microtasks are done. Python's way is to hold the promise and
//! await it later (`asyncio.gather`, `wait_for`, a Task that has not started). So a rejection is kept while a `JsProxy` of the
//! promise lives, and reported when the last one goes.

use std::rc::Rc;

use twinloop_js::engine::{Local, PromiseState, Scope};
use twinloop_loop::Entry;

use super::{Bridge, Helper};

impl Bridge {
    /// Keeps the rejection if Python holds the promise.
    pub(crate) fn keep_rejection(&self, scope: &Scope<'_>, promise: Local<'_>) -> bool {
        let Some(identity) = self.identity(scope, promise) else {
            return false;
        };
        let held = pyo3::Python::attach(|py| self.known_proxy(py, identity).is_some());
        if held {
            let slot = scope.persist(promise);
            self.rejections.borrow_mut().insert(identity, slot);
        }
        held
    }

    /// Forgets a rejection that was kept; false if none of this promise was.
    pub(crate) fn rejection_was_handled(&self, scope: &Scope<'_>, promise: Local<'_>) -> bool {
        let kept = self
            .identity(scope, promise)
            .and_then(|identity| self.rejections.borrow_mut().remove(&identity));
        kept.is_some()
    }

    /// Python holds the object with this identity no longer.
    pub(super) fn let_go(self: &Rc<Self>, identity: u64) {
        // Kept until then: one that got its handler in this entry, as by an `await` of a proxy that nobody else holds, is told of after it.
        if !self.rejections.borrow().contains_key(&identity) {
            return;
        }
        let bridge = Rc::downgrade(self);
        // Not here: the proxy may die while either language is in the middle of anything.
        self.event_loop.push(Entry::call(move |_| {
            if let Some(bridge) = bridge.upgrade().filter(|bridge| bridge.context.is_open()) {
                bridge
                    .context
                    .enter(|scope| bridge.report_unless_held(scope, identity));
            }
        }));
    }

    fn report_unless_held(&self, scope: &Scope<'_>, identity: u64) {
        let Some(promise) = self.rejections.borrow_mut().remove(&identity) else {
            return;
        };
        let promise = scope.local(&promise);
        if scope.promise_state(promise) == Some(PromiseState::Rejected)
            && !scope.is_promise_handled(promise)
            && !self.keep_rejection(scope, promise)
        {
            self.js.report_rejection(scope, promise);
        }
    }

    fn identity(&self, scope: &Scope<'_>, object: Local<'_>) -> Option<u64> {
        self.help(scope, Helper::IdentityOf, &[object])
            .ok()?
            .as_index()
    }
}
