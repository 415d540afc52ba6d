//! Paths and addresses, of files and in pages.

use std::fs;
use std::path::{Component, Path, PathBuf};

pub(super) fn files_below(root: &Path, folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root.join(folder))
        .into_iter()
        .flatten()
        .flatten()
    {
        let path = folder.join(entry.file_name());
        let is_hidden = entry.file_name().to_string_lossy().starts_with('.');
        if entry.path().is_dir() && !is_hidden && !path.ends_with("target") {
            found.extend(files_below(root, &path));
        } else if entry.path().is_file() {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `book/src/../../src/event.rs` as `src/event.rs`, without a look at the disk.
pub(super) fn without_dots(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out
}

pub(super) fn extension(path: &Path) -> &str {
    path.extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
}

pub(super) fn is_remote(target: &str) -> bool {
    ["http:", "https:", "//"]
        .iter()
        .any(|start| target.starts_with(start))
}

/// Whether a line of CSS fetches something by a web address.
pub(super) fn style_is_remote(words: &str) -> bool {
    ["url(", "@import"].iter().any(|start| {
        let targets = words.split(start).skip(1);
        targets
            .into_iter()
            .any(|rest| is_remote(rest.trim_start_matches([' ', '"', '\'', '('])))
    })
}
