//! The program's two streams, which somebody may have closed, filled or taken away.
//!
//! ```text
//!   stdout: written ──┬── nobody reads (EPIPE) ─────────────────▶ silent; no fault of ours
//!                     └── a full disk, a terminal that is gone ──▶ silent; exit code 1
//!   stderr: written, or not: nobody is left to be told
//! ```
//!
//! What cannot be printed does not end the work, so nothing here returns an error, and the macros of
//! `std` and `anstream` that panic are not used in this program. After a lost line none is printed:
//! a report with a hole in it would look whole.

use std::fmt::Arguments;
use std::io::{self, ErrorKind, IsTerminal, Write};
use std::sync::OnceLock;

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

/// How often bars are drawn; as often as indicatif does it by itself.
const DRAWS_A_SECOND: u8 = 20;

/// Writes a line to stdout in one piece, so that lines of several threads are never torn.
pub(crate) fn line(line: Arguments<'_>) {
    // Looked at under the lock: nobody writes behind a line that was lost.
    let mut stdout = anstream::stdout().lock();
    if is_lost() {
        return;
    }
    let written = writeln!(stdout, "{line}").and_then(|()| stdout.flush());
    if let Err(error) = written {
        let _ = LOST.set(match error.kind() {
            ErrorKind::BrokenPipe => Lost::NobodyReads,
            _ => Lost::CannotWrite(error),
        });
    }
}

/// Writes a line to stderr, if that can be written.
pub(crate) fn complain(line: Arguments<'_>) {
    let mut stderr = anstream::stderr().lock();
    let _ = writeln!(stderr, "{line}").and_then(|()| stderr.flush());
}

/// Why stdout was given up, if it was.
pub(crate) fn lost() -> Option<&'static Lost> {
    LOST.get()
}

pub(crate) fn is_lost() -> bool {
    lost().is_some()
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
