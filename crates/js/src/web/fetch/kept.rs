//! Bytes of a body that are here whole: JavaScript has them as an object that owns them, until it sends, reads or forgets it.
//!
//! A body that arrives is a number with a finaliser, and each of its reads a promise; this needs neither.

use std::cell::{Cell, RefCell};
use std::mem::take;
use std::rc::Rc;

use twinloop_web::Bytes;

use crate::engine::{Error, Local, Scope};

/// So much may be kept that nobody has asked for since the last collection (rule BOUNDED).
const COLLECT_AFTER: usize = 64 << 20;

/// How much is kept in a context, and with how much the next collection is due.
#[derive(Default)]
struct Account {
    kept: Cell<usize>,
    collect_at: Cell<usize>,
}

/// A body's bytes.
pub(crate) struct KeptBytes {
    bytes: RefCell<Bytes>,
    account: Rc<Account>,
}

impl KeptBytes {
    /// The object for these bytes.
    pub(crate) fn keep<'s>(scope: &Scope<'s>, bytes: Bytes) -> Result<Local<'s>, Error> {
        let account = scope.state::<Account>();
        if account.kept.get() + bytes.len() > account.collect_at.get().max(COLLECT_AFTER) {
            scope.collect_garbage();
            account.collect_at.set(2 * account.kept.get());
        }
        account.kept.set(account.kept.get() + bytes.len());
        scope.memory_object(Rc::new(KeptBytes {
            bytes: RefCell::new(bytes),
            account,
        }))
    }

    /// The bytes behind a value that is such an object.
    pub(crate) fn of(scope: &Scope<'_>, value: Local<'_>) -> Option<Rc<KeptBytes>> {
        scope.host_value(value)
    }

    /// The bytes; if `is_last`, nobody has them here any more.
    pub(crate) fn bytes(&self, is_last: bool) -> Bytes {
        if !is_last {
            return self.bytes.borrow().clone();
        }
        let bytes = take(&mut *self.bytes.borrow_mut());
        let kept = self.account.kept.get();
        self.account.kept.set(kept - bytes.len());
        bytes
    }
}

impl Drop for KeptBytes {
    fn drop(&mut self) {
        drop(self.bytes(true));
    }
}
