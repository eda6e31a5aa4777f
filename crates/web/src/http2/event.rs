//! What the bytes of a connection tell.

use super::{Code, Fields};
use std::ops::Range;

/// Which part of a message fields are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The head of a request.
    Request,
    /// The head of a response.
    Response,
    /// A response before the response (1xx).
    Informational,
    /// What comes behind the body.
    Trailers,
}

/// RFC 7540, 5.3: told and kept, followed by nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    /// The stream that it depends on.
    pub parent: u32,
    /// From 1 to 256.
    pub weight: u16,
    /// Whether it is the only one.
    pub is_exclusive: bool,
}

/// One thing that happened.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// Fields of a message; a request begins a stream.
    Head {
        /// Of this stream.
        stream: u32,
        /// Which part.
        kind: Kind,
        /// All of them.
        fields: Box<Fields>,
        /// Whether nothing follows.
        ends: bool,
        /// What the frame said.
        priority: Option<Priority>,
    },
    /// A server promises the response to a request that nobody has sent.
    Push {
        /// The stream that the promise came on.
        parent: u32,
        /// The stream on which the response will come.
        stream: u32,
        /// The request.
        fields: Box<Fields>,
    },
    /// A piece of a body, as a range of the bytes that were given. To be given back with [`super::Connection::consume`].
    Data {
        /// Of this stream.
        stream: u32,
        /// Where it is.
        range: Range<usize>,
    },
    /// The peer's side of the stream is over, after data. A head says so itself.
    End {
        /// This one.
        stream: u32,
    },
    /// Nothing more comes or goes on the stream.
    Closed {
        /// This one.
        stream: u32,
        /// What the peer said, or is told.
        code: Code,
        /// Whether the peer said it.
        by_peer: bool,
    },
    /// A stream was refused before anybody heard of it, or a message on it was no message.
    Rejected {
        /// This one.
        stream: u32,
        /// What the peer is told.
        code: Code,
    },
    /// A PRIORITY frame.
    Priority {
        /// Of this stream.
        stream: u32,
        /// What it said.
        priority: Priority,
    },
    /// The peer's settings are in force.
    Settings,
    /// The peer has taken our oldest settings that it had not.
    SettingsAcknowledged,
    /// Answered already.
    Ping([u8; 8]),
    /// The answer to ours.
    Pong([u8; 8]),
    /// The peer wants to end the connection.
    GoAway {
        /// The last of our streams that it looks at.
        last: u32,
        /// Why.
        code: Code,
        /// For people.
        data: Vec<u8>,
    },
    /// RFC 7838.
    AltSvc {
        /// Zero for a whole origin.
        stream: u32,
        /// Which, if the stream is zero.
        origin: Vec<u8>,
        /// What it said.
        value: Vec<u8>,
    },
    /// RFC 8336.
    Origin(Vec<Vec<u8>>),
}
