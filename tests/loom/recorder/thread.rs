//! loom's threads, their start and their joins noted.

use std::io;

use super::{Location, RefCell, begin_step, finish, note, progress};

pub(crate) use loom::thread::{ThreadId, current, yield_now};

#[derive(Debug)]
pub(crate) struct JoinHandle<T> {
    number: usize,
    inner: loom::thread::JoinHandle<T>,
}

/// Of a thread with a name, which tells loom nothing.
pub(crate) struct Builder(loom::thread::Builder);

impl Builder {
    pub(crate) fn new() -> Self {
        Self(loom::thread::Builder::new())
    }

    pub(crate) fn name(self, name: String) -> Self {
        Self(self.0.name(name))
    }

    pub(crate) fn stack_size(self, bytes: usize) -> Self {
        Self(self.0.stack_size(bytes))
    }

    #[track_caller]
    pub(crate) fn spawn<T: Send + 'static>(
        self,
        body: impl FnOnce() -> T + Send + 'static,
    ) -> io::Result<JoinHandle<T>> {
        let begun = begun();
        self.0.spawn(to_its_end(body)).map(begun)
    }
}

#[track_caller]
pub(crate) fn spawn<T: 'static>(body: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    let begun = begun();
    begun(loom::thread::spawn(to_its_end(body)))
}

fn to_its_end<T>(body: impl FnOnce() -> T) -> impl FnOnce() -> T {
    move || {
        let output = body();
        drop_locals();
        progress::finished();
        output
    }
}

/// With the number of the thread.
type AtItsEnd = (usize, Box<dyn FnOnce()>);

std::thread_local! {
    static AT_THE_END: RefCell<Vec<AtItsEnd>> = const { RefCell::new(Vec::new()) };
}

/// What the drop of one of the running thread's thread-locals does. loom drops its own only after
/// the thread's join.
pub(crate) fn at_its_end(act: impl FnOnce() + 'static) {
    let act: AtItsEnd = (super::running(), Box::new(act));
    AT_THE_END.with_borrow_mut(|acts| acts.push(act));
}

fn drop_locals() {
    let me = super::running();
    let is_mine = |(thread, _): &mut AtItsEnd| *thread == me;
    let mine = AT_THE_END.with_borrow_mut(|acts| acts.extract_if(.., is_mine).collect::<Vec<_>>());
    mine.into_iter().for_each(|(_, act)| act());
}

pub(super) fn forget_locals() {
    AT_THE_END.take();
}

/// Notes that a thread was started, once that has happened.
#[track_caller]
fn begun<T>() -> impl FnOnce(loom::thread::JoinHandle<T>) -> JoinHandle<T> {
    let place = Location::caller();
    move |inner| {
        let number = super::started();
        note("start", &name(number), "", place);
        JoinHandle { number, inner }
    }
}

fn name(number: usize) -> String {
    format!("T{number}")
}

impl<T> JoinHandle<T> {
    #[track_caller]
    pub(crate) fn join(self) -> std::thread::Result<T> {
        begin_step("join", &name(self.number), "", Location::caller());
        progress::about_to_join(self.number);
        let output = self.inner.join();
        progress::joined();
        finish();
        output
    }

    pub(crate) fn thread(&self) -> &loom::thread::Thread {
        self.inner.thread()
    }
}
