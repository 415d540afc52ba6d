//! A panic as a value: what it said, and where it was.
//!
//! ```text
//!   caught ── no note ──▶ body ── panics ──▶ hook: notes place and text ──▶ payload
//!                                                                             │
//!        Panicked, with the place if the note's text is the payload's ◀───────┘
//! ```
//!
//! | step | holds | touches | wakes |
//! |---|---|---|---|
//! | `caught` | nothing | this thread's note, before the body and after it | nobody |
//! | the panic hook | nothing | this thread's note, if a body of `caught` runs here | nobody |
//!
//! A payload does not say where it was thrown; only the panic hook is told. The note may be that of a
//! panic which the body itself has caught, so it is used only for a payload that says the same.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};

use crate::sync::{IS_MODEL, Once};

/// A panic as a value: which worker it came from, what it said, and where it was.
///
/// One pointer wide, so that a `Result` of a small output stays small. Two are equal if the worker,
/// the text and the place are: the same words from another line are another bug.
///
/// # Differences from Python
/// [`threading.excepthook`](https://docs.python.org/3/library/threading.html#threading.excepthook)
/// is told of an exception that a thread did not catch; whoever joins the thread is not.
///
/// # Examples
/// ```
/// use threadproof::JoinError;
/// let place = format!("{}:{}:", file!(), line!() + 1);
/// let running = threadproof::start("unlucky", || panic!("no such file"))?;
/// let Err(JoinError::Panicked(panicked)) = running.join() else { unreachable!() };
/// assert_eq!((panicked.worker(), panicked.message()), ("unlucky", "no such file"));
/// assert!(panicked.location().unwrap().starts_with(&place));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} panicked: {}", .0.worker, .0.message)]
#[doc(alias = "excepthook")]
pub struct Panicked(Box<Parts>);

#[derive(Clone, PartialEq, Eq)]
struct Parts {
    worker: String,
    message: String,
    location: Option<String>,
}

impl Panicked {
    /// The name of the thread whose body or job panicked; `caller` in a
    /// [`scoped_map`](crate::scoped::scoped_map) that could start no thread.
    pub fn worker(&self) -> &str {
        &self.0.worker
    }

    /// The text given to `panic!`, or a note that the payload was no text.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Where the panic was, as `src/main.rs:3:5`.
    ///
    /// `None` if nobody knows. [`resume_unwind`](std::panic::resume_unwind), by which a panic is
    /// passed on from another thread for instance, tells no hook. And the place comes from a panic
    /// hook that the first thread or pool of this crate puts in front of the one it finds: whoever
    /// [sets](std::panic::set_hook) another one later should call the one before.
    pub fn location(&self) -> Option<&str> {
        self.0.location.as_deref()
    }

    /// Takes the text out of a payload, and the place out of a note that says the same.
    fn new(worker: &str, payload: Box<dyn Any + Send>, note: Note) -> Self {
        let text = match payload.downcast::<String>() {
            Ok(text) => Some(*text),
            Err(payload) => {
                let text = text_of(payload.as_ref()).map(str::to_owned);
                discard(payload);
                text
            }
        };
        let location = match note {
            Note::Panic(noted) if noted.text == text => Some(noted.location),
            _ => None,
        };
        Self(Box::new(Parts {
            worker: worker.to_owned(),
            message: text.unwrap_or_else(|| "(a payload that is no text)".to_owned()),
            location,
        }))
    }
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Panicked")
            .field("worker", &self.0.worker)
            .field("message", &self.0.message)
            .field("location", &self.0.location)
            .finish()
    }
}

/// Runs a caller's code; a panic in it is data, with its place if [`note_places`] was called before.
///
/// It may be a whole loop of jobs, if each of them begins with [`forget_place`].
#[inline]
pub(crate) fn caught<R>(worker: &str, body: impl FnOnce() -> R) -> Result<R, Panicked> {
    // A body may run another one in its midst, whose panics are its own.
    let outer = exchange(Note::NoPanic);
    let ended = catch_unwind(AssertUnwindSafe(body));
    let note = exchange(outer);
    ended.map_err(|payload| Panicked::new(worker, payload, note))
}

/// Drops something of the caller's that may itself panic when dropped; the hook prints that.
pub(crate) fn discard<T>(value: T) {
    if let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(value))) {
        // What a panic throws may panic when dropped, too, and so on without an end.
        std::mem::forget(again);
    }
}

/// Something of the caller's that several may own: whoever drops it last [discards](discard) it, also
/// while a panic passes, where a second one would end the program.
pub(crate) struct Theirs<T>(Option<T>);

impl<T> Theirs<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    pub(crate) fn into_inner(mut self) -> T {
        self.0.take().expect("only the end takes it")
    }
}

impl<T> Deref for Theirs<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.as_ref().expect("only the end takes it")
    }
}

impl<T> DerefMut for Theirs<T> {
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect("only the end takes it")
    }
}

impl<T> Drop for Theirs<T> {
    fn drop(&mut self) {
        discard(self.0.take());
    }
}

/// What the hook has told this thread.
enum Note {
    /// Nobody asks: no body of [`caught`] runs here.
    NotAsked,
    NoPanic,
    Panic(Box<Noted>),
}

struct Noted {
    /// `None`: the payload is no text.
    text: Option<String>,
    location: String,
}

thread_local! {
    static NOTE: Cell<Note> = const { Cell::new(Note::NotAsked) };
}

/// Puts `note` in the place of this thread's, which it gives.
#[inline]
fn exchange(note: Note) -> Note {
    // A destructor of another thread-local may come here after this one is gone.
    let before = NOTE.try_with(|place| place.replace(note));
    before.unwrap_or(Note::NotAsked)
}

/// Another job of the same body begins: what an earlier one has caught is none of its panics.
#[inline]
pub(crate) fn forget_place() {
    exchange(Note::NoPanic);
}

/// From now on the places of panics are noted, on threads that run a body of [`caught`].
///
/// Whoever starts threads calls it before, on the thread that starts them: so a hook that the caller
/// sets later comes later.
// ANCHOR: note_places
pub(crate) fn note_places() {
    static INSTALLED: Once = Once::new();
    // A thread that panics must not change the hook; the next start will.
    if IS_MODEL || INSTALLED.is_completed() || std::thread::panicking() {
        return;
    }
    INSTALLED.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |panic| {
            note(panic);
            before(panic);
        }));
    });
}
// ANCHOR_END: note_places

fn note(panic: &PanicHookInfo<'_>) {
    if let Note::NotAsked = exchange(Note::NoPanic) {
        exchange(Note::NotAsked);
        return;
    }
    let Some(location) = panic.location() else {
        return;
    };
    exchange(Note::Panic(Box::new(Noted {
        text: text_of(panic.payload()).map(str::to_owned),
        location: location.to_string(),
    })));
}

fn text_of(payload: &(dyn Any + Send)) -> Option<&str> {
    let owned = payload.downcast_ref::<String>().map(String::as_str);
    owned.or_else(|| payload.downcast_ref::<&'static str>().copied())
}
