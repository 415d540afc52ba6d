//! Where a body goes, and how it becomes the file.
//!
//! ```text
//!   Whole: a temporary file ─┬─ commit ──▶ the file
//!   Part:  a part            ┘
//!                            └─ give_up ─▶ gone; a part stays for another time
//! ```

use std::io::{self, Write};
use std::path::Path;

use super::DownloadError;
use super::part::Part;
use super::version::Version;
use crate::atomic_file::{self, AtomicFile};

/// Where a body goes.
pub(super) enum Sink {
    /// To a temporary file that is removed if the download fails.
    Whole(AtomicFile),
    /// To a part that is kept then.
    Part(Part),
}

impl Sink {
    /// For a whole file without a part.
    pub(super) fn whole(to: &Path) -> io::Result<Self> {
        AtomicFile::create(to).map(Self::Whole)
    }

    /// For a whole file whose beginning is kept if it does not come whole; `part` is what is left of
    /// another version. Without a version that can be known again nothing is kept.
    pub(super) fn kept(
        to: &Path,
        version: Option<Version>,
        part: Option<Part>,
    ) -> io::Result<Self> {
        let part = match (version, part) {
            (Some(version), Some(part)) => Some(part.begin_again(version)?),
            (Some(version), None) => Part::begin(to, version)?,
            (None, part) => {
                part.map_or_else(|| Part::forget(to), Part::discard)?;
                None
            }
        };
        part.map_or_else(|| Self::whole(to), |part| Ok(Self::Part(part)))
    }

    pub(super) fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Whole(file) => file.write_all(bytes),
            Self::Part(part) => part.write_all(bytes),
        }
    }

    /// What came of a body that did not come whole is kept in a part, or gone.
    pub(super) fn give_up(self, error: &DownloadError) {
        let Self::Part(part) = self else { return };
        // The failure is known already; another one of keeping the part would hide it.
        let _ = match error {
            // More than the answer may have is no part of it.
            DownloadError::TooLarge { .. } | DownloadError::BadAnswer { .. } => part.discard(),
            _ => part.keep(),
        };
    }

    // ANCHOR: whole
    /// Makes the bytes durable and puts them in their place.
    pub(super) fn commit(self, to: &Path) -> io::Result<()> {
        match (check(to, to), self) {
            (Ok(()), Self::Whole(file)) => file.commit(),
            (Ok(()), Self::Part(part)) => part.commit(to),
            (Err(error), Self::Whole(_)) => Err(error),
            (Err(error), Self::Part(part)) => part.keep().and(Err(error)),
        }
    }
    // ANCHOR_END: whole
}

/// Whether a file can be put at a path, which the caller may have written in another way.
pub(super) fn check(written: &Path, to: &Path) -> io::Result<()> {
    atomic_file::check_names_a_file(written)?;
    atomic_file::permissions_of(to).map(|_| ())
}
