//! The work that this program's worker processes can do.

use std::ffi::OsString;
use std::path::Path;

use serde::{Deserialize, Serialize};
use threadproof::{Downloader, Work, WorkTable, stop_on_signals};

use super::failure::code_of;
use super::print::Elsewhere;

/// What `main` hands to `run_if_worker`.
// ANCHOR: table
pub(crate) fn table() -> WorkTable {
    WorkTable::new()
        .with::<threadproof::compare::Count>()
        .with::<Square>()
        .with::<Download>()
}
// ANCHOR_END: table

/// §10's job: the square, and who computed it. It says which number it takes.
// ANCHOR: square
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Square {
    pub(crate) number: i64,
    pub(crate) lane: Elsewhere,
}

impl Work for Square {
    type Output = (i64, u32);
    const NAME: &'static str = "square";

    fn run(self) -> (i64, u32) {
        let (number, lane) = (self.number, self.lane.here());
        lane.say(format_args!("takes {number}"));
        let square = number.wrapping_mul(number);
        lane.say(format_args!("{number} × {number} = {square}"));
        (square, std::process::id())
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
    pub(crate) lane: Elsewhere,
}

impl Work for Download {
    type Output = Result<u64, (u8, String)>;
    const NAME: &'static str = "download";

    fn run(self) -> Self::Output {
        // Whoever asks this process to stop wants no temporary file to stay.
        let stop = stop_on_signals().map_err(|error| (1, error.to_string()))?;
        let to = Path::new(&self.to);
        let file = to.file_name().unwrap_or_default().to_string_lossy();
        let lane = self.lane.here();
        let receipt = lane.download(&file, || Downloader::new().fetch(&self.url, to, stop));
        let bytes = receipt.map(|receipt| receipt.bytes);
        bytes.map_err(|error| (code_of(&error), error.to_string()))
    }
}
// ANCHOR_END: download
