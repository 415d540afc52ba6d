//! What parent and worker say to each other; each message is a frame (see `frame`).

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use super::ProcessError;

/// Worker and parent must speak the same version.
pub(super) const PROTOCOL: u32 = 4;

// What the parent says is a chunk: the name of the work, then the inputs, each a frame of its own.
// The worker runs them one after the other.

/// What a worker says; the first byte of its message.
pub(super) mod says {
    /// It is a worker, of the protocol whose number follows; then the process number of
    /// who has the journal, or 0.
    pub(in super::super) const HELLO: u8 = 0;
    /// Its initialiser failed; why follows.
    pub(in super::super) const NOT_READY: u8 = 1;
    /// The first job of the chunk begins now. Each further one begins when the answer before it has
    /// been secured, so that answer says it too.
    pub(in super::super) const BEGUN: u8 = 2;
    /// The job has returned; its output follows.
    pub(in super::super) const OUTPUT: u8 = 3;
    /// The job has no output; a `JobFailure` follows.
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

/// What a worker says about its jobs.
#[derive(Debug)]
pub(crate) enum Report<'a> {
    /// The first job of the chunk begins.
    Begun,
    /// Jobs have ended, and the next one of their chunk begins.
    Answers(Answers<'a>),
}

/// Answers of jobs that stand one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answers<'a> {
    /// Each a frame, back to back; see [`outcome_of`].
    pub(crate) frames: &'a [u8],
    pub(crate) jobs: usize,
    /// How many of the jobs have no output.
    pub(crate) failures: usize,
}

/// What an answer holds.
#[inline]
pub(crate) fn outcome_of(answer: &[u8]) -> Result<&[u8], JobFailure> {
    match answer.split_first() {
        Some((&says::OUTPUT, output)) => Ok(output),
        Some((_, failure)) => Err(postcard::from_bytes(failure)
            .unwrap_or_else(|error| JobFailure::Decode(error.to_string()))),
        None => Err(JobFailure::Decode("an empty answer".to_owned())),
    }
}

/// Appends a value to `to`. After an error or a panic a part of it may stand there.
#[inline]
pub(super) fn append<T: Serialize + ?Sized>(value: &T, to: &mut Vec<u8>) -> postcard::Result<()> {
    postcard::serialize_with_flavor(value, Appended(to))
}

/// postcard's own writers take the buffer away, and a panic in `Serialize` would lose it.
struct Appended<'a>(&'a mut Vec<u8>);

const FEW: usize = 10;

impl Flavor for Appended<'_> {
    type Output = ();

    #[inline]
    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    #[inline]
    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        // Numbers come as a few bytes that were written one by one a moment ago; reading them back
        // as one word would wait until they have reached the cache.
        if bytes.len() <= FEW {
            self.0.reserve(FEW);
            bytes.iter().for_each(|byte| self.0.push(*byte));
        } else {
            self.0.extend_from_slice(bytes);
        }
        Ok(())
    }

    #[inline]
    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}
