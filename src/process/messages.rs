//! What parent and worker say to each other; each message is a frame (see `frame`).

use postcard::ser_flavors::Flavor;
use serde::{Deserialize, Serialize};

use super::ProcessError;

/// Worker and parent must speak the same version.
pub(super) const PROTOCOL: u32 = 6;

// What the parent says is a chunk: a frame with its number, how many jobs it has, and the name of the
// work; then the inputs, each a frame of its own. The worker runs them one after the other.

const NUMBERS: usize = 16;

/// What stands in front of the inputs of a chunk.
pub(super) fn chunk_head(chunk: u64, jobs: u64, work: &str) -> Vec<u8> {
    let length = (NUMBERS + work.len()) as u32;
    let length = length.to_le_bytes();
    [
        &length[..],
        &chunk.to_le_bytes(),
        &jobs.to_le_bytes(),
        work.as_bytes(),
    ]
    .concat()
}

/// The chunk's number, how many jobs it has, and the name of the work.
pub(super) fn parse_chunk_head(message: &[u8]) -> Option<(u64, u64, &str)> {
    let (chunk, message) = message.split_first_chunk()?;
    let (jobs, work) = message.split_first_chunk()?;
    let work = std::str::from_utf8(work).ok()?;
    Some((u64::from_le_bytes(*chunk), u64::from_le_bytes(*jobs), work))
}

/// What a worker says; the first byte of its message.
pub(super) mod says {
    /// It is a worker, of the protocol whose number follows; then 1 if it has the ring.
    pub(in super::super) const HELLO: u8 = 0;
    /// Its initialiser failed; why follows.
    pub(in super::super) const NOT_READY: u8 = 1;
    /// The answer that comes next is of the chunk whose number follows. Not said where there is a ring,
    /// which has a word for it.
    pub(in super::super) const OF: u8 = 2;
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
    pub(crate) fn into_error(self, pid: u32) -> ProcessError {
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
