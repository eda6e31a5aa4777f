//! The operations of compression streams and of `node:zlib`: coders of `twinloop_web::compression` as host objects. A coder works at once, or on the blocking pool, where it is
//! one call at a time. `crc32` is a function beside them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use twinloop_loop::Loop;
use twinloop_web::compression::{self, Coder, Container, Driven, Failure, Settings};

use crate::engine::{Arguments, CountedMemory, Error, IntoJs, Local, Op, Scope};

pub(crate) const OPS: &[Op] = &[
    Op::new("checksum", 2, checksum),
    Op::new("coderEnd", 1, end),
    Op::new("coderLevel", 2, level),
    Op::new("coderOpen", 3, open),
    Op::new("coderReset", 1, reset),
    Op::new("coderRun", 5, run),
    Op::new("coderStep", 5, step),
];

/// A coder, which takes up to megabytes that the engine does not see.
struct OpenCoder {
    /// Absent while it works on the pool, and once it has ended.
    coder: RefCell<Option<Box<dyn Coder>>>,
    has_ended: Cell<bool>,
    /// About what it takes.
    size: usize,
    /// Counted from the first step on: one that does all its work in a single call ends with that.
    counted: RefCell<Option<CountedMemory>>,
}

/// About what a coder of this mode takes, by the manuals of zlib, brotli and zstd.
fn size_of(mode: i32, settings: &[f64]) -> usize {
    let bits = |index: usize, otherwise: u32| {
        let given = settings
            .get(index)
            .map_or(otherwise, |number| *number as u32);
        1usize << given.clamp(8, 15)
    };
    match mode {
        1 | 3 | 5 => bits(1, 15) * 4 + (bits(2, 8) << 9),
        2 | 4 | 6 | 7 => bits(1, 15) + (8 << 10),
        8 => 64 << 10,
        9 => 4 << 20,
        _ => 1 << 20,
    }
}

fn failed(failure: Failure) -> Error {
    Error::new(failure.message).with("errno", failure.number)
}

fn numbers(scope: &Scope<'_>, array: Local<'_>) -> Result<Vec<f64>, Error> {
    (0..scope.array_length(array)?)
        .map(|index| {
            let item = scope.get(array, index)?;
            scope.number_of(item)
        })
        .collect()
}

/// `coderOpen(mode, settings, dictionary)`: the mode by Node's number; for deflate `[level, windowBits, memLevel, strategy]`, for brotli
/// and zstd parameters and values in turn, where a parameter of -1 is the size that was promised.
fn open<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let mode = scope.int32_of(arguments.get(0))?;
    let given = numbers(scope, arguments.get(1))?;
    let dictionary = arguments.get(2);
    let dictionary = if dictionary.is_undefined() {
        None
    } else {
        Some(scope.bytes_of(dictionary)?)
    };
    let coder = match mode {
        1..=7 => {
            let setting = |index: usize| given.get(index).map_or(0, |number| *number as i32);
            let settings = Settings {
                level: setting(0),
                window_bits: setting(1),
                memory_level: setting(2),
                strategy: setting(3),
                dictionary,
            };
            let container = match mode {
                1 | 2 => Container::Zlib,
                3 | 4 => Container::Gzip,
                5 | 6 => Container::Raw,
                _ => Container::Either,
            };
            if matches!(mode, 1 | 3 | 5) {
                compression::deflater(container, &settings)
            } else {
                compression::inflater(container, &settings)
            }
        }
        8 => compression::brotli_decoder(dictionary),
        9 => {
            let pairs = given.chunks_exact(2);
            compression::brotli_encoder(
                pairs.map(|pair| (pair[0] as u32, pair[1] as u32)).collect(),
                dictionary,
            )
        }
        _ => {
            let mut pledged = None;
            let mut parameters = Vec::new();
            for pair in given.chunks_exact(2) {
                if pair[0] < 0.0 {
                    pledged = Some(pair[1] as u64);
                } else {
                    parameters.push((pair[0] as u32, pair[1] as i32));
                }
            }
            let dictionary = dictionary.as_deref();
            if mode == 10 {
                compression::zstd_encoder(&parameters, dictionary, pledged)
            } else {
                compression::zstd_decoder(&parameters, dictionary)
            }
        }
    };
    let coder = coder.map_err(failed)?;
    scope.host_object(Rc::new(OpenCoder {
        coder: RefCell::new(Some(coder)),
        has_ended: Cell::new(false),
        size: size_of(mode, &given),
        counted: RefCell::new(None),
    }))
}

fn coder_of<'s>(scope: &Scope<'s>, arguments: &Arguments<'s>) -> Result<Rc<OpenCoder>, Error> {
    scope.expect_host::<OpenCoder>(arguments.get(0), "a coder")
}

fn with_coder<T>(
    open: &OpenCoder,
    f: impl FnOnce(&mut dyn Coder) -> Result<T, Failure>,
) -> Result<T, Error> {
    let mut coder = open.coder.borrow_mut();
    let coder = coder.as_mut().ok_or_else(busy)?;
    f(coder.as_mut()).map_err(failed)
}

fn busy() -> Error {
    Error::new("the coder is at work")
}

/// `coderReset(coder)`
fn reset<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = coder_of(scope, &arguments)?;
    with_coder(&open, |coder| coder.reset())?;
    Ok(Local::undefined())
}

/// `coderEnd(coder)`: gives back what it takes, if it is at work when that is done.
fn end<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = coder_of(scope, &arguments)?;
    open.has_ended.set(true);
    drop(open.coder.borrow_mut().take());
    drop(open.counted.borrow_mut().take());
    Ok(Local::undefined())
}

/// `coderLevel(coder, level)`
fn level<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let open = coder_of(scope, &arguments)?;
    let level = scope.int32_of(arguments.get(1))?;
    with_coder(&open, |coder| coder.set_level(level))?;
    Ok(Local::undefined())
}

/// Has the coder work, now or on the pool.
fn perform<'s>(
    scope: &Scope<'s>,
    arguments: &Arguments<'s>,
    work: impl FnOnce(&mut dyn Coder, &[u8]) -> Result<Worked, Failure> + Send + 'static,
) -> Result<Local<'s>, Error> {
    let open = coder_of(scope, arguments)?;
    let input = scope.bytes_of(arguments.get(1))?;
    if scope.bool_of(arguments.get(4)) {
        let worked = with_coder(&open, |coder| work(coder, &input))?;
        return worked.into_js(scope);
    }
    let mut coder = open.coder.borrow_mut().take().ok_or_else(busy)?;
    let done = Loop::current().spawn_blocking(move || {
        let outcome = work(coder.as_mut(), &input);
        (coder, outcome)
    });
    scope.promise_from_long_future(async move {
        let (coder, outcome) = done
            .await
            .map_err(|error| Error::new(format!("the coder failed: {error}")))?;
        if !open.has_ended.get() {
            *open.coder.borrow_mut() = Some(coder);
        }
        outcome.map_err(failed)
    })
}

/// What came of it: `[output, read, more, isAtEnd]`.
struct Worked {
    driven: Driven,
    is_at_end: bool,
}

impl IntoJs for Worked {
    fn into_js<'s>(self, scope: &Scope<'s>) -> Result<Local<'s>, Error> {
        let Driven { read, output, more } = self.driven;
        let output = scope.uint8_array(output)?;
        scope.array(&[
            output,
            scope.number(read as f64),
            Local::boolean(more),
            Local::boolean(self.is_at_end),
        ])
    }
}

/// `coderStep(coder, input, flush, most, sync)`: so much output at most.
fn step<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let flush = scope.int32_of(arguments.get(2))?;
    // Infinity is the largest number.
    let most = (scope.number_of(arguments.get(3))? as usize).max(1);
    let open = coder_of(scope, &arguments)?;
    if open.counted.borrow().is_none() {
        let counted = scope.count_memory(open.size);
        *open.counted.borrow_mut() = Some(counted);
    }
    perform(scope, &arguments, move |coder, input| {
        let driven = compression::drive(coder, input, flush, most)?;
        let is_at_end = coder.is_at_end();
        Ok(Worked { driven, is_at_end })
    })
}

/// `coderRun(coder, input, flush, limit, sync)`: all there is, up to one byte more than the limit.
fn run<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let flush = scope.int32_of(arguments.get(2))?;
    let most = (scope.number_of(arguments.get(3))? as usize).saturating_add(1);
    perform(scope, &arguments, move |coder, input| {
        let mut driven = compression::drive(coder, input, flush, most)?;
        // A coder may stop before the input is used up.
        while driven.read < input.len() && driven.output.len() < most && !coder.is_at_end() {
            let room = most - driven.output.len();
            let next = compression::drive(coder, &input[driven.read..], flush, room)?;
            if next.read == 0 && next.output.is_empty() {
                break;
            }
            driven.read += next.read;
            driven.output.extend_from_slice(&next.output);
        }
        let is_at_end = coder.is_at_end();
        Ok(Worked { driven, is_at_end })
    })
}

/// `checksum(bytes, value)`: CRC-32, which begins with the value.
fn checksum<'s>(scope: &Scope<'s>, arguments: Arguments<'s>) -> Result<Local<'s>, Error> {
    let start = scope.number_of(arguments.get(1))? as u32;
    let sum = scope.with_bytes(arguments.get(0), |bytes| compression::crc32(start, bytes))?;
    Ok(scope.number(sum.into()))
}
