//! Who hears of what happens on native sockets: functions that JavaScript gives once for a kind of socket, each called with the object that
//! was named when the socket was made.

use std::cell::RefCell;
use std::marker::PhantomData;

use crate::engine::{Context, Error, Local, Scope, Slot};

/// The functions of one kind of socket, in a realm; `K` tells the kinds apart, and its numbers are places in the list.
pub(crate) struct Receivers<K>(RefCell<Vec<Slot>>, PhantomData<K>);

impl<K> Default for Receivers<K> {
    fn default() -> Receivers<K> {
        Receivers(RefCell::default(), PhantomData)
    }
}

impl<K: 'static> Receivers<K> {
    /// Takes an array of functions.
    pub(crate) fn set(scope: &Scope<'_>, functions: Local<'_>) -> Result<(), Error> {
        let slots = (0..scope.array_length(functions)?)
            .map(|index| Ok(scope.persist(scope.get(functions, index)?)))
            .collect::<Result<Vec<_>, Error>>()?;
        *scope.state::<Receivers<K>>().0.borrow_mut() = slots;
        Ok(())
    }

    /// Tells JavaScript of something. It runs the program's own code.
    pub(crate) fn tell(
        context: &Context,
        object: &RefCell<Option<Slot>>,
        place: usize,
        rest: impl for<'s> FnOnce(&Scope<'s>) -> Result<Vec<Local<'s>>, Error>,
    ) {
        Receivers::<K>::ask(context, object, place, rest, |_, _| Ok(()));
    }

    /// As [`Receivers::tell`]; what JavaScript answers is given to `hear`.
    pub(crate) fn ask(
        context: &Context,
        object: &RefCell<Option<Slot>>,
        place: usize,
        rest: impl for<'s> FnOnce(&Scope<'s>) -> Result<Vec<Local<'s>>, Error>,
        hear: impl for<'s> FnOnce(&Scope<'s>, Local<'s>) -> Result<(), Error>,
    ) {
        if !context.is_open() || context.is_stopped() {
            return;
        }
        context.enter(|scope| {
            let outcome = (|| {
                let receivers = scope.state::<Receivers<K>>();
                let function = (receivers.0.borrow().get(place)).map(|slot| scope.local(slot));
                let object = object.borrow().as_ref().map(|slot| scope.local(slot));
                let (Some(function), Some(object)) = (function, object) else {
                    return Ok(());
                };
                let mut arguments = vec![object];
                arguments.extend(rest(scope)?);
                let answer = scope.call(function, Local::undefined(), &arguments)?;
                hear(scope, answer)
            })();
            if let Err(error) = outcome {
                scope.report_uncaught(error);
            }
        });
    }
}
