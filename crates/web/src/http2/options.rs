//! What a connection is made with: settings, and the bounds of what a peer can cost.

/// How frames with fields and data are padded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Padding {
    /// Not at all.
    #[default]
    None,
    /// To a multiple of eight bytes, the head included.
    Aligned,
    /// As far as it goes.
    Most,
}

/// What becomes of values with white space around them, which no field has (RFC 9113, 8.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValueSpace {
    /// Their message is malformed.
    #[default]
    Refused,
    /// Their field is passed over, as nghttp2 does.
    Dropped,
    /// Nothing.
    Kept,
}

/// See the fields; the defaults are Node's.
#[derive(Clone, Debug)]
pub struct Options {
    /// What this side tells the other first.
    pub settings: Vec<(u16, u32)>,
    /// The largest table that fields are written with.
    pub max_encoder_table: usize,
    /// The most fields of a message that comes.
    pub max_fields: usize,
    /// How many streams the peer lets this side have, until it says so.
    pub peer_max_streams: u32,
    /// The most settings of a frame.
    pub max_settings: usize,
    /// The most answers to pings and settings that the peer has not read.
    pub max_answers: usize,
    /// How many streams a peer may reset at once, and then in each second (CVE-2023-44487); those count that this side must reset.
    pub reset_burst: u64,
    /// See `reset_burst`.
    pub reset_per_second: u64,
    /// How many frames may come at once that are for nothing, and then in each second.
    pub idle_frame_burst: u64,
    /// See `idle_frame_burst`.
    pub idle_frames_per_second: u64,
    /// The most CONTINUATION frames of a head (CVE-2024-27316 and its kind).
    pub max_continuations: usize,
    /// How many messages may come at once that are refused, and frames of a body without a byte of it, and then in each second.
    pub invalid_burst: u64,
    /// See `invalid_burst`.
    pub invalid_per_second: u64,
    /// Bytes of padding.
    pub padding: Padding,
    /// What becomes of values with white space around them.
    pub value_space: ValueSpace,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            settings: Vec::new(),
            max_encoder_table: 4096,
            max_fields: 128,
            peer_max_streams: 100,
            max_settings: 32,
            max_answers: 1000,
            reset_burst: 1000,
            reset_per_second: 33,
            idle_frame_burst: 10_000,
            idle_frames_per_second: 330,
            max_continuations: 128,
            invalid_burst: 1000,
            invalid_per_second: 33,
            padding: Padding::None,
            value_space: ValueSpace::Refused,
        }
    }
}
