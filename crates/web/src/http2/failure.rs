//! What is wrong with a connection, a stream, or a call.

/// RFC 9113, 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code(pub u32);

impl Code {
    /// Nothing is wrong.
    pub const NONE: Code = Code(0);
    /// The peer does not keep the protocol.
    pub const PROTOCOL: Code = Code(1);
    /// This side has failed.
    pub const INTERNAL: Code = Code(2);
    /// The peer sent more than its window allows.
    pub const FLOW_CONTROL: Code = Code(3);
    /// A frame for a stream that is over.
    pub const STREAM_CLOSED: Code = Code(5);
    /// A frame has a size that it cannot have.
    pub const FRAME_SIZE: Code = Code(6);
    /// The stream was not looked at.
    pub const REFUSED_STREAM: Code = Code(7);
    /// The stream is not wanted any more.
    pub const CANCEL: Code = Code(8);
    /// The fields of a message cannot be read.
    pub const COMPRESSION: Code = Code(9);
    /// The peer costs more than it should.
    pub const ENHANCE_YOUR_CALM: Code = Code(11);
}

/// Why a connection is over, where the code alone does not say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The code says it.
    Code,
    /// A client that does not begin as one.
    Preface,
    /// Answers that the peer does not read, or frames that are for nothing.
    Flood,
    /// More messages than allowed that cannot be accepted.
    Invalid,
    /// An acknowledgement that nothing waits for.
    Unsolicited,
}

/// The connection is over; the peer is told when what is left is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What the peer is told.
    pub code: Code,
    /// More than that.
    pub why: Why,
    /// A sentence for people.
    pub reason: &'static str,
}

impl Failure {
    pub(super) const fn new(code: Code, reason: &'static str) -> Failure {
        let why = Why::Code;
        Failure { code, why, reason }
    }

    pub(super) const fn protocol(reason: &'static str) -> Failure {
        Failure::new(Code::PROTOCOL, reason)
    }

    pub(super) const fn size(reason: &'static str) -> Failure {
        Failure::new(Code::FRAME_SIZE, reason)
    }

    pub(super) const fn flow(reason: &'static str) -> Failure {
        Failure::new(Code::FLOW_CONTROL, reason)
    }

    pub(super) const fn calm(why: Why, reason: &'static str) -> Failure {
        let code = Code::ENHANCE_YOUR_CALM;
        Failure { code, why, reason }
    }

    pub(super) const fn because(self, why: Why) -> Failure {
        Failure { why, ..self }
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.reason)
    }
}

impl std::error::Error for Failure {}

/// Why a call changed nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is no such stream, or this side of it is over.
    Closed,
    /// The connection is over, or its peer goes away.
    GoingAway,
    /// The numbers of streams are used up.
    NoNumbers,
    /// The peer does not want pushed streams, or the stream cannot have any.
    NoPush,
    /// A number that cannot be.
    Invalid,
}
