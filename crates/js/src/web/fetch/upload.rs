//! Request bodies that a ReadableStream feeds. Rule BOUNDED: one chunk waits for the connection.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::mpsc;
use twinloop_web::{Bytes, ErrorKind};

/// A request body that JavaScript feeds chunk by chunk.
pub(crate) struct Upload {
    sender: RefCell<Option<mpsc::Sender<Bytes>>>,
    receiver: RefCell<Option<mpsc::Receiver<Bytes>>>,
    /// Whether the feeding stream failed: the request must fail too, not end early as if it were whole.
    failed: Rc<Cell<bool>>,
}

impl Upload {
    pub(super) fn new() -> Upload {
        let (sender, receiver) = mpsc::channel(1);
        Upload {
            sender: RefCell::new(Some(sender)),
            receiver: RefCell::new(Some(receiver)),
            failed: Rc::default(),
        }
    }

    pub(super) fn stream(&self) -> UploadStream {
        UploadStream {
            receiver: self.receiver.borrow_mut().take(),
            failed: self.failed.clone(),
        }
    }

    /// What takes chunks, until the upload is closed.
    pub(super) fn sender(&self) -> Option<mpsc::Sender<Bytes>> {
        self.sender.borrow().clone()
    }

    pub(super) fn close(&self, whole: bool) {
        self.failed.set(!whole);
        drop(self.sender.borrow_mut().take());
    }
}

pub(super) struct UploadStream {
    receiver: Option<mpsc::Receiver<Bytes>>,
    failed: Rc<Cell<bool>>,
}

impl Stream for UploadStream {
    type Item = Result<Bytes, twinloop_web::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(receiver) = &mut self.receiver else {
            return Poll::Ready(None);
        };
        match receiver.poll_recv(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(chunk)) => Poll::Ready(Some(Ok(chunk))),
            Poll::Ready(None) => {
                self.receiver = None;
                let error = || {
                    twinloop_web::Error::new(
                        ErrorKind::Body,
                        "the stream of the request's body failed",
                    )
                };
                Poll::Ready(self.failed.get().then(|| Err(error())))
            }
        }
    }
}
