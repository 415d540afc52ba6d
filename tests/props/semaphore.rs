//! <https://docs.python.org/3/library/threading.html#semaphore-objects>: S1.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;
use threadproof::Semaphore;

use crate::support::{count, until};

/// What one of many threads does next; the others stand still meanwhile.
#[derive(Clone, Copy, Debug)]
enum Call {
    /// A new thread asks.
    Ask,
    /// A new thread looks whether a permit is free, and asks for no more than that.
    Try,
    /// A new thread asks, and leaves the line after a millisecond.
    AskInVain,
    /// One of the holders gives its permit back.
    GiveBack(usize),
    /// The same, by a panic.
    Panic(usize),
}

fn calls() -> impl Strategy<Value = Vec<Call>> {
    let call = prop_oneof![
        6 => Just(Call::Ask),
        2 => Just(Call::Try),
        1 => Just(Call::AskInVain),
        4 => (0..8usize).prop_map(Call::GiveBack),
        1 => (0..8usize).prop_map(Call::Panic),
    ];
    vec(call, 0..30)
}

/// What a semaphore is, without threads.
#[derive(Debug)]
struct Model {
    permits: usize,
    held: Vec<usize>,
    line: VecDeque<usize>,
}

impl Model {
    fn ask(&mut self, who: usize) {
        self.line.push_back(who);
        self.serve();
    }

    fn serve(&mut self) {
        while self.held.len() < self.permits {
            let Some(first) = self.line.pop_front() else {
                return;
            };
            self.held.push(first);
        }
    }
}

/// How a holder is to end.
enum End {
    Drop,
    Panic,
}

/// A thread that asks, says that it was served, and ends as it is told.
fn holder(semaphore: &Semaphore, served: &Sender<usize>, end: &Receiver<End>, who: usize) {
    let _permit = semaphore.acquire();
    served.send(who).unwrap();
    match end.recv() {
        Ok(End::Panic) => resume_unwind(Box::new("unlucky")),
        Ok(End::Drop) | Err(_) => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// S1: the oracle is a queue. After every call the holders and the waiters are the same.
    #[test]
    fn permits_are_served_as_from_a_queue(permits in 1..4usize, calls in calls()) {
        let semaphore = Semaphore::new(count(permits));
        let mut model = Model { permits, held: Vec::new(), line: VecDeque::new() };
        let (serve, served) = channel();
        thread::scope(|scope| {
            // In here, so that a failure drops them, and no thread waits for ever.
            let mut threads = Vec::new();
            for call in calls {
                let before = model.held.clone();
                match call {
                    Call::Ask => {
                        let (end, told) = channel();
                        let (semaphore, serve, who) = (&semaphore, serve.clone(), threads.len());
                        let thread = scope.spawn(move || holder(semaphore, &serve, &told, who));
                        threads.push(Some((end, thread)));
                        model.ask(who);
                    }
                    Call::Try => {
                        let is_free = semaphore.try_acquire().is_some();
                        assert_eq!(is_free, model.held.len() < permits);
                    }
                    Call::AskInVain => {
                        let a_moment = Duration::from_millis(1);
                        let got = semaphore.acquire_timeout(a_moment).is_some();
                        assert_eq!(got, model.held.len() < permits);
                    }
                    Call::GiveBack(nth) | Call::Panic(nth) => {
                        if model.held.is_empty() {
                            continue;
                        }
                        let who = model.held.remove(nth % model.held.len());
                        model.serve();
                        let how = match call {
                            Call::Panic(_) => End::Panic,
                            _ => End::Drop,
                        };
                        let (end, thread) = threads[who].take().unwrap();
                        end.send(how).unwrap();
                        assert_eq!(thread.join().is_err(), matches!(call, Call::Panic(_)));
                    }
                }
                for who in model.held.iter().filter(|who| !before.contains(who)) {
                    assert_eq!(served.recv().unwrap(), *who);
                }
                until(|| semaphore.n_waiting() == model.line.len());
            }
        });
        // The last waiters have been served since; two permits serve them two at a time.
        let mut rest: Vec<usize> = served.try_iter().collect();
        if permits > 1 {
            rest.sort_unstable();
        }
        prop_assert!(rest.into_iter().eq(model.line));
        prop_assert_eq!(semaphore.n_waiting(), 0);
        let all: Vec<_> = (0..permits).map_while(|_| semaphore.try_acquire()).collect();
        prop_assert_eq!(all.len(), permits, "every permit has come back");
    }
}
