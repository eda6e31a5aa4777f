//! The JavaScript half of the bridge: ten files, CommonJS in shape as the built-in files are, which they can require, and of their own those that
//! stand before them. They get the bridge's native operations as `ops` and export helpers, which are looked up once, before any program runs.

use twinloop_js::engine::{Error, Local, Scope, Slot};

use crate::{js_in_python, python_in_js};

/// The files, by the name that stands in stacks, and behind `twinloop:` in `require`.
const FILES: [(&str, &str); 10] = [
    (
        "twinloop:bridge/prototypes",
        include_str!("../python_in_js/prototypes.js"),
    ),
    (
        "twinloop:bridge/classes",
        include_str!("../python_in_js/classes.js"),
    ),
    (
        "twinloop:bridge/py_proxy",
        include_str!("../python_in_js/py_proxy.js"),
    ),
    (
        "twinloop:bridge/objects",
        include_str!("../js_in_python/objects.js"),
    ),
    (
        "twinloop:bridge/instances",
        include_str!("../js_in_python/instances.js"),
    ),
    (
        "twinloop:bridge/errors",
        include_str!("../crossing/errors.js"),
    ),
    (
        "twinloop:bridge/contexts",
        include_str!("../crossing/contexts.js"),
    ),
    (
        "twinloop:bridge/cancelling",
        include_str!("../crossing/cancelling.js"),
    ),
    ("twinloop:bridge/cycles", include_str!("cycles.js")),
    (
        "twinloop:bridge/global",
        include_str!("../python_in_js/global.js"),
    ),
];

/// Gives the files each other, and the built-in ones.
const REQUIRE: &str = "((files, builtin) => (name) => files[name] ?? builtin(name))";

/// A function of these files.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Helper {
    KindOf,
    Wrap,
    Given,
    DerivedOf,
    IdentityOf,
    IsAsync,
    AbilitiesOf,
    Introduce,
    IteratorOf,
    Step,
    Advance,
    ThrowInto,
    PartsOfStep,
    TakeReturned,
    CloseIterator,
    IsInstance,
    Dispose,
    DisposeAsync,
    AsyncIteratorOf,
    LengthOf,
    GetItem,
    HasItem,
    OwnsItem,
    HidesKeys,
    KeysOf,
    MapKeysOf,
    ListLength,
    Sliced,
    ReplaceSlice,
    DeleteSlice,
    SetItem,
    DeleteItem,
    DeleteProperty,
    Parts,
    NewSet,
    NewDate,
    AddToSet,
    BigintOf,
    HexadecimalOf,
    NamesOf,
    Shown,
    Text,
    ExceptionOf,
    KnownError,
    Passed,
    SegmentLeft,
    MakeError,
    Describe,
    FrameWith,
    HeldIn,
    HasStores,
    Mirror,
    Survivors,
    MembersOfClass,
    DeriveForPython,
    ConstructHalf,
    GatherWorks,
    GiveUp,
}

/// Their names, in the order of the variants.
const NAMES: [(Helper, &str); 58] = [
    (Helper::KindOf, "kindOf"),
    (Helper::Wrap, "wrap"),
    (Helper::Given, "given"),
    (Helper::DerivedOf, "derivedOf"),
    (Helper::IdentityOf, "identityOf"),
    (Helper::IsAsync, "isAsync"),
    (Helper::AbilitiesOf, "abilitiesOf"),
    (Helper::Introduce, "introduce"),
    (Helper::IteratorOf, "iteratorOf"),
    (Helper::Step, "step"),
    (Helper::Advance, "advance"),
    (Helper::ThrowInto, "throwInto"),
    (Helper::PartsOfStep, "partsOfStep"),
    (Helper::TakeReturned, "takeReturned"),
    (Helper::CloseIterator, "closeIterator"),
    (Helper::IsInstance, "isInstance"),
    (Helper::Dispose, "dispose"),
    (Helper::DisposeAsync, "disposeAsync"),
    (Helper::AsyncIteratorOf, "asyncIteratorOf"),
    (Helper::LengthOf, "lengthOf"),
    (Helper::GetItem, "getItem"),
    (Helper::HasItem, "hasItem"),
    (Helper::OwnsItem, "ownsItem"),
    (Helper::HidesKeys, "hidesKeys"),
    (Helper::KeysOf, "keysOf"),
    (Helper::MapKeysOf, "mapKeysOf"),
    (Helper::ListLength, "listLength"),
    (Helper::Sliced, "sliced"),
    (Helper::ReplaceSlice, "replaceSlice"),
    (Helper::DeleteSlice, "deleteSlice"),
    (Helper::SetItem, "setItem"),
    (Helper::DeleteItem, "deleteItem"),
    (Helper::DeleteProperty, "deleteProperty"),
    (Helper::Parts, "parts"),
    (Helper::NewSet, "newSet"),
    (Helper::NewDate, "newDate"),
    (Helper::AddToSet, "addToSet"),
    (Helper::BigintOf, "bigintOf"),
    (Helper::HexadecimalOf, "hexadecimalOf"),
    (Helper::NamesOf, "namesOf"),
    (Helper::Shown, "shown"),
    (Helper::Text, "text"),
    (Helper::ExceptionOf, "exceptionOf"),
    (Helper::KnownError, "knownError"),
    (Helper::Passed, "passed"),
    (Helper::SegmentLeft, "segmentLeft"),
    (Helper::MakeError, "makeError"),
    (Helper::Describe, "describe"),
    (Helper::FrameWith, "frameWith"),
    (Helper::HeldIn, "heldIn"),
    (Helper::HasStores, "hasStores"),
    (Helper::Mirror, "mirror"),
    (Helper::Survivors, "survivors"),
    (Helper::MembersOfClass, "membersOfClass"),
    (Helper::DeriveForPython, "deriveForPython"),
    (Helper::ConstructHalf, "constructHalf"),
    (Helper::GatherWorks, "gatherWorks"),
    (Helper::GiveUp, "giveUp"),
];

/// The functions of one context.
pub(super) struct Helpers {
    functions: Vec<Slot>,
    /// The handler of every `PyProxy`, by which one is known.
    handler: Slot,
    /// The symbol under which a proxy's target keeps its handle.
    handle_key: Slot,
    /// What `step` gives at the end of an iteration.
    over: Slot,
}

impl Helpers {
    pub(super) fn load(scope: &Scope<'_>) -> Result<Helpers, Error> {
        let ops = python_in_js::native(scope, &js_in_python::FLAGS)?;
        for op in js_in_python::OPS {
            scope.set(ops, op.name, scope.function(op)?)?;
        }
        let own = scope.evaluate(REQUIRE, "twinloop:bridge/require", 1)?;
        let files = scope.object()?;
        let builtin = twinloop_js::require(scope)?;
        let require = scope.call(own, Local::undefined(), &[files, builtin])?;
        let mut loaded = Vec::with_capacity(FILES.len());
        for (name, source) in FILES {
            // On one line, so that lines are the file's.
            let file = format!("(function (ops, require, module) {{ {source}\n}})");
            let module = scope.object()?;
            let file = scope.evaluate(&file, name, 1)?;
            scope.call(file, Local::undefined(), &[ops, require, module])?;
            let exports = scope.get(module, "exports")?;
            scope.set(files, name.trim_start_matches("twinloop:"), exports)?;
            loaded.push(exports);
        }
        let find = |name: &str| -> Result<Slot, Error> {
            for exports in &loaded {
                let value = scope.get(*exports, name)?;
                if !value.is_undefined() {
                    return Ok(scope.persist(value));
                }
            }
            Err(Error::new(format!("the bridge has no helper {name}")))
        };
        let mut functions = Vec::with_capacity(NAMES.len());
        for (index, (helper, name)) in NAMES.into_iter().enumerate() {
            debug_assert_eq!(helper as usize, index, "{helper:?} is out of order");
            functions.push(find(name)?);
        }
        Ok(Helpers {
            functions,
            handler: find("handler")?,
            handle_key: find("HANDLE")?,
            over: find("OVER")?,
        })
    }

    pub(super) fn function<'s>(&self, scope: &Scope<'s>, helper: Helper) -> Local<'s> {
        scope.local(&self.functions[helper as usize])
    }

    pub(super) fn handler<'s>(&self, scope: &Scope<'s>) -> Local<'s> {
        scope.local(&self.handler)
    }

    pub(super) fn handle_key<'s>(&self, scope: &Scope<'s>) -> Local<'s> {
        scope.local(&self.handle_key)
    }

    pub(super) fn over<'s>(&self, scope: &Scope<'s>) -> Local<'s> {
        scope.local(&self.over)
    }
}
