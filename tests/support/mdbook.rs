//! Where mdBook is.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) const HOW_TO_GET_MDBOOK: &str = "to have it, run \
    `cargo install mdbook --locked --version 0.5.4 --no-default-features --features search --root target/tools`, \
    or set MDBOOK to the program";

/// `MDBOOK`, else the one in `target/tools`, else the one on the path.
pub(crate) fn find_mdbook(root: &Path) -> Option<PathBuf> {
    if let Some(named) = env::var_os("MDBOOK") {
        return Some(named.into());
    }
    let runs = |program: &PathBuf| {
        Command::new(program)
            .arg("--version")
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let name = format!("mdbook{}", env::consts::EXE_SUFFIX);
    [root.join("target/tools/bin").join(name), "mdbook".into()]
        .into_iter()
        .find(runs)
}
