//! What can go wrong in a section, and the exit code that says so.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rustix::io::Errno;
use threadproof::{DownloadError, JobError, JoinError, ProcessError};

use super::output;

/// Why a section or `fetch` ended early.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// An error of which no more is left than its exit code and its words: another process sent them, or
    /// `fetch` has added what to do.
    #[error("{words}")]
    Remote { code: u8, words: String },
    /// What `fetch` has already said file by file.
    #[error("{failed} of {files} files failed")]
    Several {
        failed: usize,
        files: usize,
        code: u8,
    },
    #[error(transparent)]
    Process(#[from] ProcessError),
    #[error(transparent)]
    Join(#[from] JoinError),
    #[error(transparent)]
    Job(#[from] JobError),
    #[error("{what}: {source}")]
    Io { what: String, source: io::Error },
    #[error("cannot write to {}", once(path, source))]
    CannotWrite { path: PathBuf, source: io::Error },
    #[error("{0}")]
    Usage(String),
    #[error("interrupted")]
    Interrupted,
    /// A story that nobody hears ends here. What became of its lines, `output` knows.
    #[error("stdout cannot be written")]
    Unheard,
    #[error("stdout cannot be written: {0}")]
    Stdout(&'static io::Error),
}

impl Failure {
    pub(crate) fn io(what: impl Into<String>, source: io::Error) -> Self {
        Self::Io {
            what: what.into(),
            source,
        }
    }

    /// For `map_err`: the error of something done to `path`.
    pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let what = path.display().to_string();
        |source| Self::Io { what, source }
    }

    /// For `map_err`: the error of a file to be written at `path`.
    pub(crate) fn cannot_write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::CannotWrite { path, source }
    }

    /// In words, and what to do about a limit that says nothing of itself.
    pub(crate) fn with_advice(&self) -> String {
        let text = self.to_string();
        match text.contains(&io::Error::from(Errno::MFILE).to_string()) {
            true if cfg!(windows) => text + "; use fewer --workers",
            true => text + "; use fewer --workers, or raise the limit (ulimit -n)",
            false => text,
        }
    }

    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Download(error) => code_of(error),
            Self::Remote { code, .. } | Self::Several { code, .. } => *code,
            Self::Usage(_) => 2,
            Self::CannotWrite { .. } => 9,
            Self::Interrupted => 130,
            Self::Unheard
            | Self::Stdout(_)
            | Self::Process(_)
            | Self::Join(_)
            | Self::Job(_)
            | Self::Io { .. } => 1,
        }
    }

    /// Says it on stderr and gives the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if !matches!(self, Self::Several { files: 1, .. }) {
            output::complain(format_args!("threadproof: {}", self.with_advice()));
        }
        ExitCode::from(self.code())
    }
}

/// The path and what is wrong with it, which may begin with the path once more.
fn once(path: &Path, source: &io::Error) -> String {
    let (text, whole) = (source.to_string(), std::path::absolute(path));
    let whole = whole.map(|whole| format!("{}: ", whole.display()));
    let why = whole.ok().and_then(|whole| text.strip_prefix(&*whole));
    format!("{}: {}", path.display(), why.unwrap_or(&text))
}

/// The folder that the user names, unless it is there.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    let made = std::fs::create_dir_all(path).map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => io::Error::new(error.kind(), "it is no folder"),
        _ => error,
    });
    made.map_err(Failure::cannot_write(path))
}

/// One exit code for each kind of failed download.
pub(crate) fn code_of(error: &DownloadError) -> u8 {
    match error {
        DownloadError::BadUrl { .. } | DownloadError::BadProxy { .. } => 2,
        DownloadError::Connect { .. } => 3,
        DownloadError::Status { .. } | DownloadError::BadAnswer { .. } => 4,
        DownloadError::Truncated { .. } | DownloadError::LengthUnknown { .. } => 5,
        DownloadError::Stalled { .. } | DownloadError::DeadlineExceeded { .. } => 6,
        DownloadError::TooLarge { .. } => 7,
        DownloadError::TooManyRedirects { .. } => 8,
        DownloadError::Write { .. } => 9,
        DownloadError::Stopped { .. } => 130,
        _ => 1,
    }
}
