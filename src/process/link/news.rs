//! What there is to hear of a worker, and what of it is worth a look.
//!
//! ```text
//!   hello ──▶ answers, answers, … ──▶ died        not ready, garbage ──▶ killed ──▶ died
//! ```

use std::process::ExitStatus;

use super::super::ProcessError;
use super::super::answers::Answers;

/// What a worker has said, or what has become of it.
#[derive(Debug)]
pub(crate) enum News {
    Hello,
    /// It will not become a worker; it is to be killed.
    NotReady(ProcessError),
    Answers(Answers),
    /// It has said what no worker says.
    Garbage(String),
    Died(Death),
}

/// What of a worker is worth a look. Where nothing can be polled it is [all](Self::ALL), always.
#[cfg_attr(
    any(windows, portable),
    allow(dead_code, reason = "for whoever can choose")
)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ready {
    pub(super) channel: bool,
    pub(super) bell: bool,
    pub(super) words: bool,
    pub(super) end: bool,
}

#[cfg_attr(
    any(windows, portable),
    allow(dead_code, reason = "for whoever can choose")
)]
impl Ready {
    pub(crate) const ALL: Self = Self {
        channel: true,
        bell: true,
        words: true,
        end: true,
    };

    pub(crate) fn is_any(self) -> bool {
        self.channel || self.bell || self.words || self.end
    }
}

/// How a worker has ended. Comes last.
#[derive(Clone, Debug)]
pub(crate) struct Death {
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stderr: String,
    /// How many jobs it had begun and not answered; `None` if that cannot be known.
    pub(crate) in_doubt: Option<u64>,
}

/// What the parent has heard so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Silent,
    Ready,
    /// Its death has been told.
    Told,
}
