//! loom's types, each step noted: who, what, on which object, with which value, and where.
//!
//! `crate::sync` takes these in place of `std`'s. A step is noted the moment it has happened, and
//! loom switches threads only before one, so the notes stand in the order of the schedule. They are
//! kept only if the environment asks for them (`MODEL_STEPS=1`), since they cost time.

pub(crate) mod atomic;
pub(crate) mod thread;

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::ops::{Deref, DerefMut};
use std::panic::{Location, resume_unwind};
use std::rc::Rc;
use std::sync::{Arc, LazyLock, LockResult};

use super::coin;
use super::progress::{self, Sleeper};
use super::steps::Step;

type Place = &'static Location<'static>;

static IS_ASKED_FOR: LazyLock<bool> = LazyLock::new(|| std::env::var_os("MODEL_STEPS").is_some());

// Std's thread-locals on purpose: loom runs all threads of a model on one real thread.
std::thread_local! {
    static RUNNING: Cell<usize> = const { Cell::new(0) };
    static STEPS: RefCell<Vec<Step>> = const { RefCell::new(Vec::new()) };
    static OBJECTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    static STARTED: Cell<usize> = const { Cell::new(0) };
    static IS_OVER: Cell<bool> = const { Cell::new(false) };
    static IS_ON: Cell<bool> = const { Cell::new(false) };
    static DATA: RefCell<Vec<Rc<Datum>>> = const { RefCell::new(Vec::new()) };
}

/// Whether steps are noted.
pub(super) fn is_on() -> bool {
    IS_ON.get() || *IS_ASKED_FOR
}

/// From now on the steps of this thread's models are noted.
pub(super) fn turn_on() {
    IS_ON.set(true);
}

/// Forgets the schedule before.
pub(super) fn begin() {
    RUNNING.set(0);
    STEPS.take();
    OBJECTS.take();
    STARTED.set(0);
    IS_OVER.set(false);
    DATA.take();
    thread::forget_locals();
}

/// loom goes on with this thread.
pub(super) fn goes_on(thread: usize) {
    RUNNING.set(thread);
}

/// The number of the running thread; known only if the harness listens for it.
pub(super) fn running() -> usize {
    RUNNING.get()
}

/// The schedule is over, whatever a thread that catches panics does now.
pub(super) fn end() {
    IS_OVER.set(true);
}

/// The steps of the last schedule.
pub(super) fn steps() -> Vec<Step> {
    STEPS.with_borrow(Clone::clone)
}

/// A program makes a call of the type under test, or has its answer.
#[track_caller]
pub(super) fn note_call(operation: &'static str, call: impl Display, answer: impl Display) {
    if is_on() {
        note(operation, &call.to_string(), answer, Location::caller());
    }
}

/// The running thread was about to sleep on a condition variable; now it does, its lock released.
pub(super) fn fell_asleep() {
    finish();
    progress::fell_asleep();
}

/// `queue lock` for the first lock that was made in `queue.rs`, `queue lock 2` for the next.
fn object(kind: &str, place: Place) -> String {
    if !is_on() {
        return String::new();
    }
    let file = place.file().rsplit('/').next().unwrap_or_default();
    let name = format!("{} {kind}", file.trim_end_matches(".rs"));
    OBJECTS.with_borrow_mut(|objects| {
        objects.push(name.clone());
        match objects.iter().filter(|object| **object == name).count() {
            1 => name,
            number => format!("{name} {number}"),
        }
    })
}

/// The number of the thread that was started last.
fn started() -> usize {
    let number = STARTED.get() + 1;
    STARTED.set(number);
    progress::started();
    number
}

fn note(operation: &'static str, object: &str, value: impl Display, place: Place) {
    begin_step(operation, object, value, place);
    finish();
}

/// Notes a step that may block for ever; [`finish`] says that it did not.
fn begin_step(operation: &'static str, object: &str, value: impl Display, place: Place) {
    // What a failed model does while it unwinds is not part of its schedule.
    if !is_on() || IS_OVER.get() || std::thread::panicking() {
        return;
    }
    let step = Step {
        thread: RUNNING.get(),
        operation: operation.to_owned(),
        object: object.to_owned(),
        value: value.to_string(),
        // The models are a module of the library that stands outside `src`.
        file: place.file().trim_start_matches("src/../").to_owned(),
        line: place.line(),
        done: false,
    };
    STEPS.with_borrow_mut(|steps| steps.push(step));
}

/// The running thread's open step happens now, after all that others did meanwhile.
fn finish() {
    let thread = RUNNING.get();
    STEPS.with_borrow_mut(|steps| {
        let is_open = |step: &Step| step.thread == thread && !step.done;
        if let Some(place) = steps.iter().position(is_open) {
            let step = steps.remove(place);
            steps.push(Step { done: true, ..step });
        }
    });
}

#[derive(Debug)]
pub(crate) struct Mutex<T> {
    name: String,
    inner: loom::sync::Mutex<T>,
}

impl<T: Default> Default for Mutex<T> {
    #[track_caller]
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> Mutex<T> {
    #[track_caller]
    pub(crate) fn new(value: T) -> Self {
        let name = object("lock", Location::caller());
        let inner = loom::sync::Mutex::new(value);
        Self { name, inner }
    }

    #[track_caller]
    pub(crate) fn lock(&self) -> LockResult<MutexGuard<'_, T>> {
        let place = Location::caller();
        begin_step("lock", &self.name, "", place);
        let number = std::ptr::from_ref(self).addr();
        progress::about_to_lock(number);
        let guard = self.inner.lock().ok();
        progress::locked(number);
        finish();
        Ok(MutexGuard {
            name: &self.name,
            number,
            guard,
            place,
        })
    }

    /// No step: there is nobody else.
    pub(crate) fn get_mut(&mut self) -> LockResult<&mut T> {
        self.inner.get_mut()
    }
}

#[derive(Debug)]
pub(crate) struct MutexGuard<'a, T> {
    name: &'a str,
    /// Tells the lock from the others.
    number: usize,
    /// Gone while its thread sleeps on a condition variable.
    guard: Option<loom::sync::MutexGuard<'a, T>>,
    /// Where it was locked: nobody can say where it is dropped.
    place: Place,
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.guard.as_ref().expect("it is locked")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().expect("it is locked")
    }
}

impl<T> Drop for MutexGuard<'_, T> {
    fn drop(&mut self) {
        if let Some(guard) = self.guard.take() {
            drop(guard);
            progress::unlocked(self.number);
            note("unlock", self.name, "", self.place);
        }
    }
}

/// Shared with the coin, which wakes its waiters for no reason.
#[derive(Clone, Debug)]
pub(crate) struct Condvar {
    name: String,
    inner: Arc<loom::sync::Condvar>,
}

impl Condvar {
    #[track_caller]
    pub(crate) fn new() -> Self {
        let name = object("condvar", Location::caller());
        let inner = Arc::new(loom::sync::Condvar::new());
        let condvar = Self { name, inner };
        coin::will_wake(&condvar);
        condvar
    }

    #[track_caller]
    pub(crate) fn wait<'a, T>(
        &self,
        mut guard: MutexGuard<'a, T>,
    ) -> LockResult<MutexGuard<'a, T>> {
        let place = Location::caller();
        let unlocks = format_args!("gives the {} back", guard.name);
        begin_step("sleep", &self.name, unlocks, place);
        let sleeper = progress::about_to_sleep(self.number(), guard.number);
        if sleeper == Sleeper::Sleeps {
            let locked = guard.guard.take().expect("it is locked");
            guard.guard = self.inner.wait(locked).ok();
            if progress::woke_up(guard.number) && !progress::are_abandoned() {
                self.inner.notify_all();
                progress::notified(self.number(), usize::MAX);
            }
        }
        if progress::are_abandoned() {
            // First: a lock that is given back by a panic is poisoned.
            drop(guard);
            resume_unwind(Box::new(progress::Abandoned));
        }
        let locks = format_args!("takes the {}", guard.name);
        note("wake up", &self.name, locks, place);
        Ok(guard)
    }

    #[track_caller]
    pub(crate) fn notify_one(&self) {
        self.inner.notify_one();
        progress::notified(self.number(), 1);
        note("notify one", &self.name, "", Location::caller());
    }

    #[track_caller]
    pub(crate) fn notify_all(&self) {
        self.inner.notify_all();
        progress::notified(self.number(), usize::MAX);
        note("notify all", &self.name, "", Location::caller());
    }

    /// Tells it from the others.
    fn number(&self) -> usize {
        Arc::as_ptr(&self.inner).addr()
    }
}

/// Data that nothing guards: loom fails the model if a read does not come after the write.
///
/// Its number is what the threads of a model share: loom's cell itself cannot be sent to another
/// thread, as a body of [`start`](crate::start) must be.
#[derive(Clone)]
pub(super) struct Data(usize);

struct Datum {
    name: String,
    inner: loom::cell::Cell<u32>,
}

impl Data {
    #[track_caller]
    pub(super) fn new() -> Self {
        let name = object("data", Location::caller());
        let inner = loom::cell::Cell::new(0);
        DATA.with_borrow_mut(|data| {
            data.push(Rc::new(Datum { name, inner }));
            Self(data.len() - 1)
        })
    }

    #[track_caller]
    pub(super) fn write(&self, value: u32) {
        let datum = self.datum();
        begin_step("write", &datum.name, value, Location::caller());
        datum.inner.set(value);
        finish();
    }

    #[track_caller]
    pub(super) fn read(&self) -> u32 {
        let datum = self.datum();
        begin_step("read", &datum.name, "", Location::caller());
        let value = datum.inner.get();
        finish();
        value
    }

    fn datum(&self) -> Rc<Datum> {
        DATA.with_borrow(|data| data[self.0].clone())
    }
}
