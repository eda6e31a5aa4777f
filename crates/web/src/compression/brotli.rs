//! Brotli, by the crate of that name.

use brotli::enc::StandardAlloc;
use brotli::enc::encode::{
    BrotliEncoderOperation, BrotliEncoderParameter, BrotliEncoderStateStruct,
};
use brotli::{Allocator, BrotliDecompressStream, BrotliResult, SliceWrapperMut};

use super::{Coder, Failure, Progress};

type State = brotli::BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

struct Encoder {
    parameters: Vec<(u32, u32)>,
    dictionary: Option<Vec<u8>>,
    state: BrotliEncoderStateStruct<StandardAlloc>,
}

fn encoder_state(
    parameters: &[(u32, u32)],
    dictionary: Option<&[u8]>,
) -> Result<BrotliEncoderStateStruct<StandardAlloc>, Failure> {
    let mut state = BrotliEncoderStateStruct::new(StandardAlloc::default());
    for (name, value) in parameters {
        use BrotliEncoderParameter as P;
        let parameter = match name {
            0 => P::BROTLI_PARAM_MODE,
            1 => P::BROTLI_PARAM_QUALITY,
            2 => P::BROTLI_PARAM_LGWIN,
            3 => P::BROTLI_PARAM_LGBLOCK,
            4 => P::BROTLI_PARAM_DISABLE_LITERAL_CONTEXT_MODELING,
            5 => P::BROTLI_PARAM_SIZE_HINT,
            6 => P::BROTLI_PARAM_LARGE_WINDOW,
            // The crate settles these itself.
            7 | 8 => continue,
            _ => return Err(Failure::new(-2, "Setting parameter failed")),
        };
        if !state.set_parameter(parameter, *value) {
            return Err(Failure::new(-2, "Setting parameter failed"));
        }
    }
    if let Some(dictionary) = dictionary {
        state.set_custom_dictionary(dictionary.len(), dictionary);
    }
    Ok(state)
}

/// Compresses, with brotli's parameters by their numbers, and with a dictionary that is as if it stood before the text.
///
/// # Errors
/// For a parameter or value that brotli does not know.
pub fn encoder(
    parameters: Vec<(u32, u32)>,
    dictionary: Option<Vec<u8>>,
) -> Result<Box<dyn Coder>, Failure> {
    let state = encoder_state(&parameters, dictionary.as_deref())?;
    Ok(Box::new(Encoder {
        parameters,
        dictionary,
        state,
    }))
}

impl Coder for Encoder {
    fn step(&mut self, input: &[u8], output: &mut [u8], flush: i32) -> Result<Progress, Failure> {
        let operation = match flush {
            1 => BrotliEncoderOperation::BROTLI_OPERATION_FLUSH,
            2 => BrotliEncoderOperation::BROTLI_OPERATION_FINISH,
            3 => BrotliEncoderOperation::BROTLI_OPERATION_EMIT_METADATA,
            _ => BrotliEncoderOperation::BROTLI_OPERATION_PROCESS,
        };
        let (mut read, mut written) = (0, 0);
        let ok = self.state.compress_stream(
            operation,
            &mut input.len(),
            input,
            &mut read,
            &mut output.len(),
            output,
            &mut written,
            &mut None,
            &mut |_, _, _, _| (),
        );
        if !ok {
            return Err(Failure::new(-2, "Compression failed"));
        }
        Ok(Progress { read, written })
    }

    fn is_at_end(&self) -> bool {
        self.state.is_finished()
    }

    fn reset(&mut self) -> Result<(), Failure> {
        self.state = encoder_state(&self.parameters, self.dictionary.as_deref())?;
        Ok(())
    }
}

struct Decoder {
    /// More than 2 KB.
    state: Box<State>,
    dictionary: Option<Vec<u8>>,
    is_at_end: bool,
}

fn decoder_state(dictionary: Option<&[u8]>) -> Box<State> {
    let alloc = StandardAlloc::default;
    let state = match dictionary {
        None => State::new(alloc(), alloc(), alloc()),
        Some(dictionary) => {
            let mut held =
                <StandardAlloc as Allocator<u8>>::alloc_cell(&mut alloc(), dictionary.len());
            held.slice_mut().copy_from_slice(dictionary);
            State::new_with_custom_dictionary(alloc(), alloc(), alloc(), held)
        }
    };
    Box::new(state)
}

/// Decompresses what was compressed with this dictionary, if any.
///
/// # Errors
/// None; the form is that of the others.
pub fn decoder(dictionary: Option<Vec<u8>>) -> Result<Box<dyn Coder>, Failure> {
    Ok(Box::new(Decoder {
        state: decoder_state(dictionary.as_deref()),
        dictionary,
        is_at_end: false,
    }))
}

impl Coder for Decoder {
    fn step(&mut self, input: &[u8], output: &mut [u8], _: i32) -> Result<Progress, Failure> {
        let (mut read, mut written) = (0, 0);
        if self.is_at_end {
            return Ok(Progress { read, written });
        }
        let result = BrotliDecompressStream(
            &mut input.len(),
            &mut read,
            input,
            &mut output.len(),
            &mut written,
            output,
            &mut 0,
            &mut self.state,
        );
        match result {
            BrotliResult::ResultFailure => {
                return Err(Failure::new(
                    self.state.error_code as i32,
                    "Decompression failed",
                ));
            }
            BrotliResult::ResultSuccess => self.is_at_end = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok(Progress { read, written })
    }

    fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    fn reset(&mut self) -> Result<(), Failure> {
        self.state = decoder_state(self.dictionary.as_deref());
        self.is_at_end = false;
        Ok(())
    }
}
