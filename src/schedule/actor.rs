//! What a thread of a program may do in a step: take a lock, go to sleep, wait for another's end.

use std::panic::Location;

use super::baton::Baton;
use crate::sync::Arc;

/// A lock by its name.
pub(super) type Lock = &'static str;

/// The run is over for this thread: nobody will hand it the baton again.
#[derive(Debug)]
pub(crate) struct Over;

/// A thread of a program: what it may do in a step.
pub(crate) struct Actor {
    pub(super) index: usize,
    pub(super) baton: Arc<Baton>,
}

/// Whether something is so.
pub(crate) type Condition = Box<dyn Fn() -> bool + Send>;

/// What must be so before a step can be taken.
pub(super) enum Need {
    Nothing,
    Free(Lock),
    /// Notified since it went to sleep, and the lock is free.
    Notified(Lock),
    Until(Condition),
    /// Another thread has started this one.
    Started,
    /// The thread of this letter has ended.
    Ended(char),
}

/// What a step does to locks and sleepers, beside its own few lines.
#[derive(Clone, Copy, Debug)]
pub(super) enum Effect {
    Nothing,
    Take(Lock),
    Give(Lock),
    /// Gives the lock back, if it has one, and sleeps until it is notified.
    Sleep(Option<Lock>),
    NotifyAll,
    Start(char),
    /// Ends the program, and with it every thread.
    Exit,
}

impl Actor {
    /// A step that needs nothing.
    #[track_caller]
    pub(crate) fn step<T>(&self, act: impl FnOnce() -> (T, String)) -> Result<T, Over> {
        self.take(Need::Nothing, Effect::Nothing, act)
    }

    /// A step that waits until the condition is so, as a receiver waits for a message.
    #[track_caller]
    pub(crate) fn until<T>(
        &self,
        is_so: Condition,
        act: impl FnOnce() -> (T, String),
    ) -> Result<T, Over> {
        self.take(Need::Until(is_so), Effect::Nothing, act)
    }

    /// Takes a lock as soon as it is free, and keeps it.
    #[track_caller]
    pub(crate) fn lock<T>(&self, lock: Lock, act: impl FnOnce() -> (T, String)) -> Result<T, Over> {
        self.take(Need::Free(lock), Effect::Take(lock), act)
    }

    /// Does something and gives the lock back.
    #[track_caller]
    pub(crate) fn unlock<T>(
        &self,
        lock: Lock,
        act: impl FnOnce() -> (T, String),
    ) -> Result<T, Over> {
        self.take(Need::Nothing, Effect::Give(lock), act)
    }

    /// Takes the lock, does something, gives it back: one step.
    #[track_caller]
    pub(crate) fn locked<T>(
        &self,
        lock: Lock,
        act: impl FnOnce() -> (T, String),
    ) -> Result<T, Over> {
        self.take(Need::Free(lock), Effect::Nothing, act)
    }

    /// Goes to sleep, giving back `lock` in the same step if there is one.
    #[track_caller]
    pub(crate) fn sleep(&self, lock: Option<Lock>, words: &str) -> Result<(), Over> {
        self.take(Need::Nothing, Effect::Sleep(lock), || {
            ((), words.to_owned())
        })
    }

    /// Wakes up once it was notified; does something while it has the lock, and gives it back.
    #[track_caller]
    pub(crate) fn wake<T>(&self, lock: Lock, act: impl FnOnce() -> (T, String)) -> Result<T, Over> {
        self.take(Need::Notified(lock), Effect::Nothing, act)
    }

    /// Does something and wakes everybody who sleeps now.
    #[track_caller]
    pub(crate) fn notify_all<T>(&self, act: impl FnOnce() -> (T, String)) -> Result<T, Over> {
        self.take(Need::Nothing, Effect::NotifyAll, act)
    }

    /// Does something and starts another thread, which takes its [`first`](Self::first) step after that.
    #[track_caller]
    pub(crate) fn start<T>(
        &self,
        thread: char,
        act: impl FnOnce() -> (T, String),
    ) -> Result<T, Over> {
        self.take(Need::Nothing, Effect::Start(thread), act)
    }

    /// The first step of a thread that another one starts.
    #[track_caller]
    pub(crate) fn first<T>(&self, act: impl FnOnce() -> (T, String)) -> Result<T, Over> {
        self.take(Need::Started, Effect::Nothing, act)
    }

    /// Waits for another thread's end.
    #[track_caller]
    pub(crate) fn join(&self, thread: char) -> Result<(), Over> {
        let words = format!("joins {thread}");
        self.take(Need::Ended(thread), Effect::Nothing, || ((), words))
    }

    /// Ends the program: nobody takes a step after this one.
    #[track_caller]
    pub(crate) fn exit(&self) -> Result<(), Over> {
        let words = "ends, and the program with it".to_owned();
        self.take(Need::Nothing, Effect::Exit, || ((), words))
    }

    #[track_caller]
    fn take<T>(
        &self,
        need: Need,
        effect: Effect,
        act: impl FnOnce() -> (T, String),
    ) -> Result<T, Over> {
        self.baton
            .step(self.index, need, effect, Location::caller(), act)
    }
}
