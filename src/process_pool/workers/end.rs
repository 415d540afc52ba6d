//! What is seen of a worker, its end above all.
//!
//! ```text
//!   started ──▶ hello ──▶ paced, answers, … ──▶ ended
//!                           └── frozen, too late, garbage
//! ```

use std::process::ExitStatus;

use crate::process::{Answers, Death, ProcessError};

/// What a look has seen of a worker.
#[derive(Debug)]
pub(in super::super) enum Seen {
    /// Its process number; none if it could not be started.
    Started(Option<u32>),
    Hello,
    Paced(u64),
    Answers {
        pid: u32,
        answers: Answers,
        panicked: u64,
    },
    Garbage,
    Frozen,
    TimedOut,
    /// This job of this map.
    JobTimedOut(u64, u64),
    Ended(End),
}

/// How a worker ended, or why there was none.
#[derive(Clone, Debug)]
pub(in super::super) struct End {
    pub(in super::super) pid: u32,
    pub(in super::super) in_doubt: Option<u64>,
    pub(super) death: Option<Death>,
    /// Why it was no worker, or what it said that no worker says.
    pub(super) failure: Option<ProcessError>,
}

impl End {
    fn status(&self) -> String {
        words_of(self.death.as_ref().and_then(|death| death.status))
    }

    pub(in super::super) fn why_no_worker(&self) -> ProcessError {
        self.failure.clone().unwrap_or(ProcessError::Cancelled)
    }

    pub(in super::super) fn words(&self) -> String {
        match (&self.failure, &self.death) {
            (Some(failure), _) => failure.to_string(),
            (None, Some(_)) => format!("process {} ended ({})", self.pid, self.status()),
            (None, None) => "it was not started".to_owned(),
        }
    }

    /// What that means for a job that it had in hand.
    pub(in super::super) fn crashed(&self, has_begun: bool) -> ProcessError {
        let death = self.death.as_ref();
        let mut stderr = death.map_or_else(String::new, |death| death.stderr.clone());
        if let Some(failure) = &self.failure {
            stderr += &format!("{failure}\n");
        }
        ProcessError::Crashed {
            pid: self.pid,
            status: death.and_then(|death| death.status),
            stderr,
            has_begun,
        }
    }
}

pub(super) fn words_of(status: Option<ExitStatus>) -> String {
    status.map_or_else(
        || "nobody knows how".to_owned(),
        |status| status.to_string(),
    )
}
