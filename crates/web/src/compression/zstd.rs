//! Zstandard, by the library of that name.

use zstd_safe::zstd_sys::{ZSTD_EndDirective, ZSTD_strategy};
use zstd_safe::{CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer, ResetDirective};

use super::{Coder, Failure, Progress};

fn failure(code: usize) -> Failure {
    // The library's codes are its error numbers, negated.
    let number = i32::try_from(code.wrapping_neg()).unwrap_or(1);
    Failure::new(number, zstd_safe::get_error_name(code))
}

struct Encoder {
    context: CCtx<'static>,
    pledged: Option<u64>,
    is_at_end: bool,
}

fn strategy(value: u32) -> Option<ZSTD_strategy> {
    use ZSTD_strategy as S;
    let all = [
        S::ZSTD_fast,
        S::ZSTD_dfast,
        S::ZSTD_greedy,
        S::ZSTD_lazy,
        S::ZSTD_lazy2,
        S::ZSTD_btlazy2,
        S::ZSTD_btopt,
        S::ZSTD_btultra,
        S::ZSTD_btultra2,
    ];
    all.get((value as usize).checked_sub(1)?).copied()
}

fn parameter(name: u32, value: i32) -> Option<CParameter> {
    use CParameter as P;
    let number = value.cast_unsigned();
    Some(match name {
        100 => P::CompressionLevel(value),
        101 => P::WindowLog(number),
        102 => P::HashLog(number),
        103 => P::ChainLog(number),
        104 => P::SearchLog(number),
        105 => P::MinMatch(number),
        106 => P::TargetLength(number),
        107 => P::Strategy(strategy(number)?),
        160 => P::EnableLongDistanceMatching(value != 0),
        161 => P::LdmHashLog(number),
        162 => P::LdmMinMatch(number),
        163 => P::LdmBucketSizeLog(number),
        164 => P::LdmHashRateLog(number),
        200 => P::ContentSizeFlag(value != 0),
        201 => P::ChecksumFlag(value != 0),
        202 => P::DictIdFlag(value != 0),
        400 => P::NbWorkers(number),
        401 => P::JobSize(number),
        402 => P::OverlapSizeLog(number),
        _ => return None,
    })
}

/// Compresses, with the library's parameters by their numbers.
///
/// # Errors
/// For a parameter, value or dictionary that the library refuses.
pub fn encoder(
    parameters: &[(u32, i32)],
    dictionary: Option<&[u8]>,
    pledged: Option<u64>,
) -> Result<Box<dyn Coder>, Failure> {
    let mut context = CCtx::try_create().ok_or_else(|| Failure::new(64, "not enough memory"))?;
    for (name, value) in parameters {
        let set =
            parameter(*name, *value).ok_or_else(|| Failure::new(40, "Setting parameter failed"))?;
        context
            .set_parameter(set)
            .map_err(|code| Failure::new(failure(code).number, "Setting parameter failed"))?;
    }
    if let Some(dictionary) = dictionary {
        context.load_dictionary(dictionary).map_err(failure)?;
    }
    let mut encoder = Encoder {
        context,
        pledged,
        is_at_end: false,
    };
    encoder.pledge()?;
    Ok(Box::new(encoder))
}

impl Encoder {
    fn pledge(&mut self) -> Result<(), Failure> {
        if self.pledged.is_some() {
            let set = self.context.set_pledged_src_size(self.pledged);
            set.map_err(failure)?;
        }
        Ok(())
    }
}

impl Coder for Encoder {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Result<Progress, Failure> {
        let end = match flush {
            1 => ZSTD_EndDirective::ZSTD_e_flush,
            2 => ZSTD_EndDirective::ZSTD_e_end,
            _ => ZSTD_EndDirective::ZSTD_e_continue,
        };
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(output);
        let left = self.context.compress_stream2(&mut to, &mut from, end);
        let left = left.map_err(failure)?;
        self.is_at_end = flush == 2 && left == 0;
        Ok(Progress {
            read: from.pos(),
            written: to.pos(),
        })
    }

    fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    fn reset(&mut self) -> Result<(), Failure> {
        self.is_at_end = false;
        let reset = self.context.reset(ResetDirective::SessionOnly);
        reset.map_err(failure)?;
        self.pledge()
    }
}

struct Decoder {
    context: DCtx<'static>,
    is_at_end: bool,
}

/// Decompresses; frames may follow one another.
///
/// # Errors
/// For a parameter, value or dictionary that the library refuses.
pub fn decoder(
    parameters: &[(u32, i32)],
    dictionary: Option<&[u8]>,
) -> Result<Box<dyn Coder>, Failure> {
    let mut context = DCtx::try_create().ok_or_else(|| Failure::new(64, "not enough memory"))?;
    for (name, value) in parameters {
        if *name != 100 {
            return Err(Failure::new(40, "Setting parameter failed"));
        }
        context
            .set_parameter(DParameter::WindowLogMax(value.cast_unsigned()))
            .map_err(|code| Failure::new(failure(code).number, "Setting parameter failed"))?;
    }
    if let Some(dictionary) = dictionary {
        context.load_dictionary(dictionary).map_err(failure)?;
    }
    Ok(Box::new(Decoder {
        context,
        is_at_end: false,
    }))
}

impl Coder for Decoder {
    fn step(&mut self, input: &[u8], output: &mut [u8], _: i32) -> Result<Progress, Failure> {
        if self.is_at_end && input.is_empty() {
            return Ok(Progress {
                read: 0,
                written: 0,
            });
        }
        let mut from = InBuffer::around(input);
        let mut to = OutBuffer::around(output);
        let left = self.context.decompress_stream(&mut to, &mut from);
        let left = left.map_err(failure)?;
        self.is_at_end = left == 0;
        Ok(Progress {
            read: from.pos(),
            written: to.pos(),
        })
    }

    fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    fn reset(&mut self) -> Result<(), Failure> {
        self.is_at_end = false;
        let reset = self.context.reset(ResetDirective::SessionOnly);
        reset.map(|_| ()).map_err(failure)
    }
}
