//! Answers, as they come up the channel in frames.
//!
//! ```text
//!   ┌───────────┬────────┬────────┬─────┐   "of chunk 7", where nothing else says so; then one frame a job
//!   │ of, chunk │ answer │ answer │  …  │
//!   └───────────┴────────┴────────┴─────┘
//! ```

use std::io::{self, ErrorKind};

use super::messages::says;
use crate::frame::FrameReader;

/// Answers of jobs that stand one after the other.
#[derive(Debug)]
pub(crate) struct Answers {
    /// The chunk of which they are said to be.
    pub(crate) chunk: u64,
    /// Each a frame, back to back; see `outcome_of`.
    pub(crate) frames: Vec<u8>,
    pub(crate) jobs: usize,
    /// How many of the jobs have no output.
    pub(crate) failures: usize,
}

impl Answers {
    /// Takes those of at most so many jobs. `Err` if it is something else that has come.
    pub(super) fn take(frames: &mut FrameReader, of: u64, most: usize) -> io::Result<Option<Self>> {
        if !frames.has_frame()? {
            return Ok(None);
        }
        let (mut jobs, mut failures) = (0, 0);
        let frames = frames.take_frames(|message| {
            let is_wanted = jobs < most && is_answer(message);
            jobs += usize::from(is_wanted);
            failures += usize::from(is_wanted && message[0] == says::FAILURE);
            is_wanted
        });
        if jobs == 0 {
            let why = "no answer to what it was asked";
            return Err(io::Error::new(ErrorKind::InvalidData, why));
        }
        Ok(Some(Self {
            chunk: of,
            frames: frames.to_vec(),
            jobs,
            failures,
        }))
    }
}

/// Takes the word of which chunk the answers behind it are, if it has come.
pub(super) fn take_chunk(frames: &mut FrameReader, of: &mut u64) -> io::Result<()> {
    if frames.has_frame()? {
        let head = frames.take_frames(is_of);
        if let Some(number) = head.last_chunk() {
            *of = u64::from_le_bytes(*number);
        }
    }
    Ok(())
}

fn is_of(message: &[u8]) -> bool {
    message.first() == Some(&says::OF) && message.len() == 9
}

fn is_answer(message: &[u8]) -> bool {
    matches!(message.first(), Some(&says::OUTPUT | &says::FAILURE))
}
