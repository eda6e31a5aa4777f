//! The local executor: futures that live on the loop thread, and the wakers that queue them.
//!
//! A waker is `Send`: on the loop thread it appends to the ready queue, from anywhere else it posts to the inbox. A task
//! that is queued already is not queued twice. A panic inside a task ends that task alone and reaches whoever awaits its
//! [`JoinHandle`] (rule NO-ABORT). Tasks do not keep the loop alive; a [`Hold`](crate::Hold) does.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use slab::Slab;

use crate::current::push_if_current;
use crate::entry::Entry;
use crate::event_loop::{Hold, Loop, WeakLoop};
use crate::inbox::{Inbox, Message};

/// Names a task until it ends; afterwards it names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TaskId {
    slot: u32,
    generation: u32,
}

impl TaskId {
    /// The future of `block_on`, which lives on its caller's stack and not in the slab.
    pub(crate) const ROOT: TaskId = TaskId {
        slot: u32::MAX,
        generation: 0,
    };
}

type LocalFuture = Pin<Box<dyn Future<Output = ()>>>;

struct Task {
    generation: u32,
    /// Empty while the future is being polled.
    future: Option<LocalFuture>,
    waker: Waker,
    signal: Arc<TaskWaker>,
    aborted: bool,
    /// What it keeps going while it runs.
    _hold: Option<Hold>,
    /// Its entry came while it was being polled, in a turn inside that poll: it has to be polled once more.
    missed_wake: bool,
}

/// The tasks of one loop.
#[derive(Default)]
pub(crate) struct Tasks {
    slab: RefCell<Slab<Task>>,
    next_generation: Cell<u32>,
}

pub(crate) struct TaskWaker {
    id: TaskId,
    loop_id: u64,
    queued: AtomicBool,
    inbox: Arc<Inbox>,
}

impl TaskWaker {
    pub(crate) fn new(id: TaskId, loop_id: u64, inbox: Arc<Inbox>) -> Arc<TaskWaker> {
        Arc::new(TaskWaker {
            id,
            loop_id,
            queued: AtomicBool::new(false),
            inbox,
        })
    }

    /// The queue no longer holds the task: the next wake-up queues it again.
    pub(crate) fn unqueue(&self) {
        self.queued.store(false, Ordering::SeqCst);
    }
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.queued.swap(true, Ordering::SeqCst) {
            return;
        }
        if !push_if_current(self.loop_id, || Entry::Task(self.id)) {
            self.inbox.post(Message::Wake(self.id));
        }
    }
}

impl Tasks {
    pub(crate) fn insert(
        &self,
        loop_id: u64,
        inbox: &Arc<Inbox>,
        future: LocalFuture,
        hold: Option<Hold>,
    ) -> TaskId {
        let generation = self.next_generation.get();
        self.next_generation.set(generation.wrapping_add(1));
        let mut slab = self.slab.borrow_mut();
        let vacant = slab.vacant_entry();
        // 2^32 tasks of at least 64 bytes do not fit into memory, so the slot does.
        let id = TaskId {
            slot: vacant.key() as u32,
            generation,
        };
        let signal = TaskWaker::new(id, loop_id, Arc::clone(inbox));
        vacant.insert(Task {
            generation,
            future: Some(future),
            waker: Waker::from(Arc::clone(&signal)),
            signal,
            aborted: false,
            _hold: hold,
            missed_wake: false,
        });
        id
    }

    /// Polls the task once; a task that is gone is skipped.
    pub(crate) fn run(&self, id: TaskId) {
        let Some((mut future, waker)) = self.begin(id) else {
            return;
        };
        // `spawn` wraps its futures so that a panic reaches who waits; of another one a panic is the end, and no more.
        let mut context = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(&mut context)));
        let done = !matches!(polled, Ok(Poll::Pending));
        let leftover = self.end(id, future, done);
        drop(leftover);
    }

    fn begin(&self, id: TaskId) -> Option<(LocalFuture, Waker)> {
        let mut slab = self.slab.borrow_mut();
        let task = slab
            .get_mut(id.slot as usize)
            .filter(|task| task.generation == id.generation)?;
        task.signal.unqueue();
        let future = task.future.take();
        task.missed_wake = future.is_none();
        Some((future?, task.waker.clone()))
    }

    /// Puts the future back, or returns it to be dropped outside the borrow.
    fn end(&self, id: TaskId, future: LocalFuture, done: bool) -> Option<LocalFuture> {
        let mut slab = self.slab.borrow_mut();
        match slab
            .get_mut(id.slot as usize)
            .filter(|task| task.generation == id.generation)
        {
            Some(task) if !done && !task.aborted => {
                task.future = Some(future);
                if std::mem::take(&mut task.missed_wake) {
                    let signal = Arc::clone(&task.signal);
                    drop(slab);
                    signal.wake_by_ref();
                }
                None
            }
            Some(_) => {
                slab.remove(id.slot as usize);
                Some(future)
            }
            None => Some(future),
        }
    }

    pub(crate) fn abort(&self, id: TaskId) {
        let removed = {
            let mut slab = self.slab.borrow_mut();
            let Some(task) = slab
                .get_mut(id.slot as usize)
                .filter(|task| task.generation == id.generation)
            else {
                return;
            };
            task.aborted = true;
            // While the task runs its future is not here; `end` removes it then.
            if task.future.is_some() {
                Some(slab.remove(id.slot as usize))
            } else {
                None
            }
        };
        drop(removed);
    }

    pub(crate) fn len(&self) -> usize {
        self.slab.borrow().len()
    }

    pub(crate) fn clear(&self) {
        let tasks = std::mem::take(&mut *self.slab.borrow_mut());
        drop(tasks);
    }
}

/// Why a task has no result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinError(JoinErrorKind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum JoinErrorKind {
    Aborted,
    Panicked(String),
}

impl JoinError {
    pub(crate) fn aborted() -> JoinError {
        JoinError(JoinErrorKind::Aborted)
    }

    pub(crate) fn panicked(payload: &(dyn Any + Send)) -> JoinError {
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a value that is not a string".to_owned());
        JoinError(JoinErrorKind::Panicked(message))
    }

    /// True if the task was aborted or its loop closed.
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        matches!(self.0, JoinErrorKind::Aborted)
    }

    /// True if the task panicked.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.0, JoinErrorKind::Panicked(_))
    }
}

impl std::fmt::Display for JoinError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            JoinErrorKind::Aborted => formatter.write_str("the task was aborted"),
            JoinErrorKind::Panicked(message) => write!(formatter, "the task panicked: {message}"),
        }
    }
}

impl std::error::Error for JoinError {}

struct JoinState<T> {
    result: Cell<Option<Result<T, JoinError>>>,
    waker: Cell<Option<Waker>>,
}

/// Resolves to the task's result; dropping it lets the task go on by itself.
pub struct JoinHandle<T> {
    state: Rc<JoinState<T>>,
    task: Option<(TaskId, WeakLoop)>,
}

impl<T> JoinHandle<T> {
    /// Drops the task's future at once, or after its current poll. The handle then resolves to an aborted error.
    pub fn abort(&self) {
        if let Some((id, event_loop)) = &self.task
            && let Some(event_loop) = event_loop.upgrade()
        {
            event_loop.tasks().abort(*id);
        }
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.state.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                self.state.waker.set(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}

impl<T> std::fmt::Debug for JoinHandle<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("JoinHandle")
            .field("task", &self.task.as_ref().map(|(id, _)| id))
            .finish()
    }
}

/// The spawned future: runs the user's, keeps its panics, and leaves the result for the handle.
struct Spawned<F: Future> {
    future: Pin<Box<F>>,
    state: Rc<JoinState<F::Output>>,
    finished: bool,
}

impl<F: Future> Spawned<F> {
    fn finish(&mut self, result: Result<F::Output, JoinError>) {
        self.finished = true;
        self.state.result.set(Some(result));
        if let Some(waker) = self.state.waker.take() {
            waker.wake();
        }
    }
}

impl<F: Future> Future for Spawned<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        match catch_unwind(AssertUnwindSafe(|| this.future.as_mut().poll(context))) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(value)) => this.finish(Ok(value)),
            Err(payload) => this.finish(Err(JoinError::panicked(&*payload))),
        }
        Poll::Ready(())
    }
}

impl<F: Future> Drop for Spawned<F> {
    fn drop(&mut self) {
        if !self.finished {
            self.finish(Err(JoinError::aborted()));
        }
    }
}

pub(crate) fn spawn<F: Future + 'static>(event_loop: &Loop, future: F) -> JoinHandle<F::Output> {
    let state = Rc::new(JoinState {
        result: Cell::new(None),
        waker: Cell::new(None),
    });
    let spawned = Spawned {
        future: Box::pin(future),
        state: Rc::clone(&state),
        finished: false,
    };
    let id = event_loop.insert_task(Box::pin(spawned), None);
    event_loop.push_task(id);
    JoinHandle {
        state,
        task: Some((id, event_loop.downgrade())),
    }
}

pub(crate) fn begin(event_loop: &Loop, future: LocalFuture, hold: Option<Hold>) {
    let id = event_loop.insert_task(future, hold);
    event_loop.tasks().run(id);
}

impl Tasks {
    /// Marks the task queued, as its first entry is pushed without its waker.
    pub(crate) fn mark_queued(&self, id: TaskId) {
        if let Some(task) = self.slab.borrow().get(id.slot as usize) {
            task.signal.queued.store(true, Ordering::SeqCst);
        }
    }
}
