//! Futures that wait until something is so.

use std::cell::RefCell;
use std::task::{Context, Poll, Waker};

/// Who waits for a change.
#[derive(Default)]
pub(super) struct Waiting(RefCell<Vec<Waker>>);

impl Waiting {
    /// Something has changed.
    pub(super) fn wake(&self) {
        for waker in self.0.take() {
            waker.wake();
        }
    }

    fn add(&self, context: &Context<'_>) {
        let mut wakers = self.0.borrow_mut();
        if !wakers.iter().any(|known| known.will_wake(context.waker())) {
            wakers.push(context.waker().clone());
        }
    }

    /// What `look` finds, as soon as it finds something.
    pub(super) fn poll<T>(
        &self,
        context: &Context<'_>,
        look: impl FnOnce() -> Option<T>,
    ) -> Poll<T> {
        match look() {
            Some(found) => Poll::Ready(found),
            None => {
                self.add(context);
                Poll::Pending
            }
        }
    }

    /// Waits until `look` finds something.
    pub(super) async fn until<T>(&self, mut look: impl FnMut() -> Option<T>) -> T {
        std::future::poll_fn(|context| self.poll(context, &mut look)).await
    }
}
