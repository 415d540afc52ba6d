//! What parent and worker say to each other; each message is a frame (see `frame`).

use serde::{Deserialize, Serialize};
use serde_bytes::Bytes;

use super::ProcessError;

/// Worker and parent must speak the same version.
pub(super) const PROTOCOL: u32 = 2;

/// What the parent says: run these inputs one after the other.
#[derive(Serialize, Deserialize)]
pub(super) struct Chunk<'a> {
    pub(super) work: &'a str,
    pub(super) lengths: Vec<u32>,
    /// The encoded inputs, back to back.
    #[serde(borrow)]
    pub(super) inputs: &'a Bytes,
}

/// What a worker says; the first byte of its message.
pub(super) mod says {
    /// It is a worker, of the protocol whose number follows.
    pub(in super::super) const HELLO: u8 = 0;
    /// Its initialiser failed; why follows.
    pub(in super::super) const NOT_READY: u8 = 1;
    /// The next job of the chunk begins now.
    pub(in super::super) const BEGUN: u8 = 2;
    /// The job that had begun has returned; its output follows.
    pub(in super::super) const OUTPUT: u8 = 3;
    /// The job that had begun has no output; a `JobFailure` follows.
    pub(in super::super) const FAILURE: u8 = 4;
}

/// Why a job that ran in a worker that lives has no output.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum JobFailure {
    Panicked {
        message: String,
        location: Option<String>,
    },
    Decode(String),
    Encode(String),
    UnknownWork(String),
}

impl JobFailure {
    pub(super) fn into_error(self, pid: u32) -> ProcessError {
        match self {
            Self::Panicked { message, location } => ProcessError::Panicked {
                message,
                location,
                pid,
            },
            Self::Decode(why) => ProcessError::Decode(why),
            Self::Encode(why) => ProcessError::Encode(why),
            Self::UnknownWork(name) => ProcessError::UnknownWork { name },
        }
    }
}
