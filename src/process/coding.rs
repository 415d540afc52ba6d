//! Inputs into bytes and answers into outputs, in the parent, on the caller's thread.
//!
//! Both run code of the job's own types. What that does, a panic included, is the job's outcome.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::messages::{append, outcome_of};
use super::{ProcessError, Work};
use crate::frame::{append_frame, split_message};
use crate::lifecycle::{Panicked, caught};

/// Appends an input as a frame to `to`, which stays what it was if the input cannot be encoded.
///
/// The input's own `Serialize` may panic; here that is the outcome of its job, as in a worker.
///
/// Gives the job's own time limit, if it has one.
pub(crate) fn encode<W: Work>(
    value: &W,
    max_frame: usize,
    to: &mut Vec<u8>,
) -> Result<Option<Duration>, ProcessError> {
    let before = to.len();
    let encoded = caught("", || {
        let why = |error: &dyn std::error::Error| ProcessError::Encode(error.to_string());
        let framed = append_frame(to, max_frame, |to| append(value, to));
        framed
            .map_err(|error| why(&error))?
            .map_err(|error| why(&error))?;
        Ok(value.time_limit())
    })
    .unwrap_or_else(|panicked| Err(panicked_here(&panicked)));
    if encoded.is_err() {
        to.truncate(before);
    }
    encoded
}

/// Reads answers of a worker, each a frame, onto `outputs`.
///
/// An output's own `Deserialize` may panic; that is the outcome of its job, and the next is read.
pub(crate) fn decode_answers<O: DeserializeOwned>(
    mut frames: &[u8],
    pid: u32,
    outputs: &mut Vec<Result<O, ProcessError>>,
) {
    loop {
        let decoded = caught("", || {
            while let Some(answer) = split_message(&mut frames) {
                // Each arm pushes: an outcome is large, and moving it would cost as much as the rest.
                match outcome_of(answer).map(postcard::from_bytes) {
                    Ok(Ok(output)) => outputs.push(Ok(output)),
                    Ok(Err(error)) => outputs.push(Err(ProcessError::Decode(error.to_string()))),
                    Err(failure) => outputs.push(Err(failure.into_error(pid))),
                }
            }
        });
        match decoded {
            Ok(()) => break,
            Err(panicked) => outputs.push(Err(panicked_here(&panicked))),
        }
    }
}

/// Code of one job's types has panicked in this process: that is the outcome of that job.
fn panicked_here(panicked: &Panicked) -> ProcessError {
    ProcessError::Panicked {
        message: panicked.message().to_owned(),
        location: panicked.location().map(str::to_owned),
        pid: std::process::id(),
    }
}
