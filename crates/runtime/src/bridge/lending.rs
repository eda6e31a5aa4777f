//! Memory of JavaScript's that Python uses: it comes back on whatever thread the last user is, and is let go of on the loop's.

use std::sync::Arc;

use twinloop_js::engine::{Error, LentBytes, Local, Scope};

use super::Bridge;
use super::lifecycle::here;

impl Bridge {
    /// Lends the bytes of a buffer or view; nothing for one that must be copied.
    pub(crate) fn lend_bytes(
        &self,
        scope: &Scope<'_>,
        value: Local<'_>,
    ) -> Result<Option<LentBytes>, Error> {
        let (number, remote) = (self.number, self.event_loop.remote());
        let on_return = move || {
            if here().is_some_and(|bridge| bridge.number == number) {
                take_back(number);
            } else {
                remote.post(Box::new(move |_| take_back(number)));
            }
        };
        scope.lend_bytes(value, Arc::new(on_return))
    }
}

fn take_back(number: u32) {
    if let Some(bridge) =
        here().filter(|bridge| bridge.number == number && bridge.context.is_open())
    {
        bridge.context.enter(|scope| scope.take_back_bytes());
    }
}
