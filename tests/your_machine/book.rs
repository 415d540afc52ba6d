//! The book, built once for all tests of a run.

use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::OnceLock;
use std::{env, fs};

use crate::needs::Need;

static BOOK: OnceLock<Result<Book, String>> = OnceLock::new();

pub(crate) struct Book {
    pub(crate) pages: PathBuf,
    /// All that mdBook said.
    pub(crate) log: String,
}

/// Fails if mdBook does.
#[track_caller]
pub(crate) fn book() -> &'static Book {
    let book = BOOK.get_or_init(build).as_ref();
    book.unwrap_or_else(|log| panic!("mdbook does not build the book:\n{log}"))
}

fn build() -> Result<Book, String> {
    // Beside this run there may be another one, which builds its own.
    let pages = format!("built-book-{}", process::id());
    let pages = Path::new(env!("CARGO_TARGET_TMPDIR")).join(pages);
    let mut command = Command::new(Need::MdBook.program());
    command
        .arg("build")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("book"))
        .arg("--dest-dir")
        .arg(&pages);
    // A log level or a setting from outside would hide complaints or change the pages.
    for (name, _) in env::vars_os() {
        if name == "RUST_LOG" || name.to_string_lossy().starts_with("MDBOOK_") {
            command.env_remove(name);
        }
    }
    let output = command.output().map_err(|error| error.to_string())?;
    let log = [output.stdout, output.stderr].concat();
    let log = String::from_utf8_lossy(&log).into_owned();
    match output.status.success() {
        true => Ok(Book { pages, log }),
        false => Err(log),
    }
}

/// At the end of the run, for nobody would build into the same folder again.
pub(crate) fn remove() {
    if let Some(Ok(book)) = BOOK.get() {
        let _ = fs::remove_dir_all(&book.pages);
    }
}
