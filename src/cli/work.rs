//! The work that this program's worker processes can do.

use std::ffi::OsString;
use std::path::Path;

use serde::{Deserialize, Serialize};
use threadproof::{Downloader, Work, WorkTable, stop_on_signals};

use super::failure::code_of;

/// What `main` hands to `run_if_worker`.
// ANCHOR: table
pub(crate) fn table() -> WorkTable {
    WorkTable::new()
        .with::<threadproof::compare::Count>()
        .with::<Square>()
        .with::<Download>()
}
// ANCHOR_END: table

/// §10's job: the square, and who computed it.
// ANCHOR: square
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Square(pub(crate) i64);

impl Work for Square {
    type Output = (i64, u32);
    const NAME: &'static str = "square";

    fn run(self) -> (i64, u32) {
        (self.0.wrapping_mul(self.0), std::process::id())
    }
}
// ANCHOR_END: square

/// §9's job: one download. An error crosses the border as its exit code and its words.
// ANCHOR: download
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Download {
    pub(crate) url: String,
    /// Any path: one as `PathBuf` would have to be UTF-8.
    pub(crate) to: OsString,
}

impl Work for Download {
    type Output = Result<u64, (u8, String)>;
    const NAME: &'static str = "download";

    fn run(self) -> Self::Output {
        // Whoever asks this process to stop wants no temporary file to stay.
        let stop = stop_on_signals().map_err(|error| (1, error.to_string()))?;
        let fetched = Downloader::new().fetch(&self.url, Path::new(&self.to), stop);
        let bytes = fetched.map(|receipt| receipt.bytes);
        bytes.map_err(|error| (code_of(&error), error.to_string()))
    }
}
// ANCHOR_END: download
