//! The program's two streams, which somebody may have closed, filled or taken away.
//!
//! ```text
//!   stdout: written ──┬── nobody reads (EPIPE) ─────────────────▶ silent; no fault of ours
//!                     ├── a full disk, a terminal that is gone ──▶ silent; exit code 1
//!                     └── a reader that has paused is waited for, until a signal asks us to end
//!   stderr: written, or not: nobody is left to be told
//! ```
//!
//! Windows says of no stream whether it has room: there a reader that has paused is waited for until the second
//! Ctrl-C.
//!
//! What cannot be printed does not end the work, so nothing here returns an error, and the macros of
//! `std` and `anstream` that panic are not used in this program. After a lost line none is printed:
//! a report with a hole in it would look whole.

#[cfg_attr(unix, path = "output/unix.rs")]
#[cfg_attr(windows, path = "output/windows.rs")]
mod system;

use std::fmt::{Arguments, Display};
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::{Mutex, OnceLock, PoisonError};

use anstream::AutoStream;
use console::Term;
use indicatif::{ProgressDrawTarget, TermLike};

/// Why stdout is not written to any more.
#[derive(Debug)]
pub(crate) enum Lost {
    /// Whoever read it has gone, as `head -1` does.
    NobodyReads,
    /// The system refuses to take a line.
    CannotWrite(io::Error),
}

static LOST: OnceLock<Lost> = OnceLock::new();

/// Held while a line is written: those of several threads are never torn.
static WRITING: Mutex<()> = Mutex::new(());

/// How often bars are drawn; as often as indicatif does it by itself.
const DRAWS_A_SECOND: u8 = 20;

/// Writes a line to stdout: our own words, or what [`plain`] has made of others.
pub(crate) fn line(line: Arguments<'_>) {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    // Looked at under the lock: nobody writes behind a line that was lost.
    if is_lost() {
        return;
    }
    if let Err(error) = write(io::stdout(), line) {
        let _ = LOST.set(match error.kind() {
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => Lost::NobodyReads,
            _ => Lost::CannotWrite(error),
        });
    }
}

/// Writes a line to stderr, if that can be written: whatever it is about, it stays one line of text.
pub(crate) fn complain(line: Arguments<'_>) {
    styled_complaint(format_args!("{}", plain(line)));
}

/// As [`complain`], in colours and lines of our own.
pub(crate) fn styled_complaint(line: Arguments<'_>) {
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = write(io::stderr(), line);
}

/// Text as it may be shown: a path, a URL or another program's words may hold what a terminal obeys.
pub(crate) fn plain(text: impl Display) -> String {
    escaped(text, |control| control.escape_default().to_string())
}

/// The same of an object of JSON, which stays one.
pub(crate) fn json(object: &serde_json::Value) -> String {
    escaped(object, |control| format!("\\u{:04x}", u32::from(control)))
}

fn escaped(text: impl Display, escape: impl Fn(char) -> String) -> String {
    let mut shown = String::new();
    for letter in text.to_string().chars() {
        match letter.is_control() {
            true => shown += &escape(letter),
            false => shown.push(letter),
        }
    }
    shown
}

fn write(stream: impl system::Stream, line: Arguments<'_>) -> io::Result<()> {
    let mut text = AutoStream::new(Vec::new(), AutoStream::choice(&stream));
    writeln!(text, "{line}")?;
    system::write_all(stream, &text.into_inner())
}

/// Why stdout was given up, if it was.
pub(crate) fn lost() -> Option<&'static Lost> {
    LOST.get()
}

pub(crate) fn is_lost() -> bool {
    lost().is_some()
}

/// How many columns a line on stdout has room for: as many as the terminal's window, elsewhere no end.
pub(crate) fn columns() -> usize {
    let size = io::stdout()
        .is_terminal()
        .then(|| Term::stdout().size_checked());
    size.flatten()
        .map_or(usize::MAX, |(_, columns)| columns.into())
}

/// Where bars are drawn: on stderr, if both streams are a terminal's.
pub(crate) fn bars() -> ProgressDrawTarget {
    if io::stderr().is_terminal() && io::stdout().is_terminal() {
        let terminal = Box::new(Forgiving(Term::buffered_stderr()));
        ProgressDrawTarget::term_like_with_hz(terminal, DRAWS_A_SECOND)
    } else {
        ProgressDrawTarget::hidden()
    }
}

/// A terminal that may go at any moment: indicatif panics if a bar cannot be drawn.
#[derive(Debug)]
struct Forgiving(Term);

/// Whatever it was: a bar is no loss.
fn forgive(_: io::Result<()>) -> io::Result<()> {
    Ok(())
}

impl TermLike for Forgiving {
    fn width(&self) -> u16 {
        TermLike::width(&self.0)
    }

    fn height(&self) -> u16 {
        TermLike::height(&self.0)
    }

    fn move_cursor_up(&self, n: usize) -> io::Result<()> {
        forgive(self.0.move_cursor_up(n))
    }

    fn move_cursor_down(&self, n: usize) -> io::Result<()> {
        forgive(self.0.move_cursor_down(n))
    }

    fn move_cursor_right(&self, n: usize) -> io::Result<()> {
        forgive(self.0.move_cursor_right(n))
    }

    fn move_cursor_left(&self, n: usize) -> io::Result<()> {
        forgive(self.0.move_cursor_left(n))
    }

    fn write_line(&self, line: &str) -> io::Result<()> {
        forgive(self.0.write_line(line))
    }

    fn write_str(&self, text: &str) -> io::Result<()> {
        forgive(self.0.write_str(text))
    }

    fn clear_line(&self) -> io::Result<()> {
        forgive(self.0.clear_line())
    }

    fn flush(&self) -> io::Result<()> {
        forgive(self.0.flush())
    }
}
