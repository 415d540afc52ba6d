//! What is wrong, and where.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Complaints, in the order of files and lines. Gathered first, shown together.
#[derive(Default)]
pub(super) struct Complaints(BTreeSet<(PathBuf, usize, String)>);

impl Complaints {
    pub(super) fn add(&mut self, path: impl AsRef<Path>, line: usize, words: impl Into<String>) {
        let path = path.as_ref().to_owned();
        self.0.insert((path, line, words.into()));
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let show = |(path, line, words): &(PathBuf, usize, String)| {
            format!("{}:{line}: {words}", path.display())
        };
        self.0.iter().map(show).collect()
    }

    #[track_caller]
    pub(super) fn expect_none(&self) {
        let lines = self.lines();
        let n = lines.len();
        assert!(
            n == 0,
            "the book is out of step ({n}):\n{}",
            lines.join("\n")
        );
    }
}
