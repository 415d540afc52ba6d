//! P1, P5, P7 in every small program of one map's inputs alone: each runs once or is cancelled, whoever claims
//! and gives back; who joins goes on when every worker has left, and sees what they did.

use std::cell::RefCell;
use std::sync::Arc;

use super::{Before, Caller, Calls, ONCE, Program, Subject, TWICE, Way, Ways, explore_all, table};
use crate::JobError;
use crate::loom_models::workers;
use crate::sync::{Mutex, thread_local};
use crate::thread_pool::batch::Batch;
use crate::thread_pool::entry::{Queued, Worker};
use crate::thread_pool::queue::Queue;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Call {
    /// A worker that has found the batch in the queue, until it finds no more inputs in it.
    Work,
    /// The caller of the map, who is one.
    Join,
    Cancel,
}

use Call::*;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Answer {
    /// These inputs, one after the other.
    Ran(Vec<u8>),
    /// Of each input: by its function, or cancelled.
    Outcomes(Vec<bool>),
    /// Somebody else has joined.
    TooLate,
    Cancelled(u8),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Input {
    Left,
    /// A call has claimed it, has run it, or will say that it is cancelled.
    Claimed(usize),
    Ran(usize),
    Cancelled(usize),
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct State {
    inputs: Vec<Input>,
    delivered: u8,
    inside: u8,
    is_cancelled: bool,
    has_joined: bool,
}

/// A map of so many inputs, claimed so many at a time.
struct Maps<const INPUTS: u8, const CHUNK: usize>;

type Function = fn(u8) -> u8;

struct Real {
    batch: Arc<Batch<u8, u8, Function>>,
    has_joined: Mutex<bool>,
}

thread_local! {
    static RAN: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

fn note(input: u8) -> u8 {
    RAN.with(|ran| ran.borrow_mut().push(input));
    input
}

impl<const INPUTS: u8, const CHUNK: usize> Subject for Maps<INPUTS, CHUNK> {
    type Call = Call;
    type Answer = Answer;
    type State = State;
    type Real = Arc<Real>;

    const BEFORE: Before = Before::Schedule;

    fn real(_: &Program<Call>) -> Arc<Real> {
        let inputs = (0..INPUTS).collect();
        let function: Function = note;
        // As for one worker, since for more of them chunks are shorter.
        let batch = workers::batch(inputs, 1, CHUNK, function, &Queue::new(1));
        let has_joined = Mutex::new(false);
        Arc::new(Real { batch, has_joined })
    }

    fn call(real: &Arc<Real>, call: Call) -> Answer {
        match call {
            Work => {
                let ended = Mutex::default();
                real.batch.run(&Worker::new("worker", &ended));
                Answer::Ran(RAN.with(RefCell::take))
            }
            Join => {
                if std::mem::replace(&mut *real.has_joined.lock(), true) {
                    return Answer::TooLate;
                }
                let outcomes = real.batch.join().into_iter();
                let outcome = |(input, outcome)| match outcome {
                    Ok(output) => {
                        assert_eq!(input, output);
                        true
                    }
                    Err(JobError::Cancelled) => false,
                    Err(error) => panic!("{error}"),
                };
                Answer::Outcomes((0..).zip(outcomes).map(outcome).collect())
            }
            Cancel => Answer::Cancelled(real.batch.cancel() as u8),
        }
    }

    fn start(_: &Program<Call>) -> State {
        State {
            inputs: vec![Input::Left; INPUTS.into()],
            delivered: 0,
            inside: 0,
            is_cancelled: false,
            has_joined: false,
        }
    }

    fn ways(state: &State, caller: Caller, call: Call, at: u8) -> Ways<Self> {
        let mut next = state.clone();
        match (call, at) {
            (Work, _) => state.works(caller.me, at, CHUNK),
            (Join, 0) if state.has_joined => vec![Way::answers(next, Answer::TooLate)],
            (Join, 0) => {
                next.has_joined = true;
                vec![Way::goes_on(next, 1)]
            }
            (Join, _) if state.delivered == INPUTS && state.inside == 0 => {
                let has_run = |input: &Input| matches!(input, Input::Ran(_));
                let outcomes = state.inputs.iter().map(has_run).collect();
                vec![Way::answers(next, Answer::Outcomes(outcomes)).seeing(state.run_by())]
            }
            (Join, _) => Vec::new(),
            // First nothing is left to claim, then the caller of the map is told.
            (Cancel, 0) => {
                next.is_cancelled = true;
                next.turn(Input::Left, Input::Cancelled(caller.me));
                vec![Way::goes_on(next, 1)]
            }
            (Cancel, _) => {
                let cancelled = next.deliver(caller.me);
                vec![Way::answers(next, Answer::Cancelled(cancelled))]
            }
        }
    }

    fn changes(_: Call) -> bool {
        true
    }

    fn looks(_: Call) -> bool {
        true
    }
}

impl State {
    /// A worker enters (0), claims (1), comes to the first input of its chunk (2) or to a further one
    /// (3), ends the chunk (4) and leaves (5).
    fn works(&self, me: usize, at: u8, chunk: usize) -> Vec<Way<Self, Answer>> {
        let mut next = self.clone();
        let claimed = self
            .inputs
            .iter()
            .position(|input| *input == Input::Claimed(me));
        match at {
            0 if self.is_done() && self.has_joined => vec![
                // The caller may not have taken the function yet.
                Way::answers(next.clone(), Answer::Ran(Vec::new())),
                next.enters(),
            ],
            0 => vec![next.enters()],
            1 => self.claims(me, chunk),
            2 | 3 if claimed.is_none() => vec![Way::goes_on(next, 4)],
            2 | 3 => {
                next.inputs[claimed.expect("some")] = Input::Ran(me);
                let mut ways = vec![Way::goes_on(next, 3)];
                // What it has not begun goes back when others have nothing to do, or is cancelled.
                if at == 3 || self.is_cancelled {
                    ways.push(Way::goes_on(self.clone(), 4));
                }
                ways
            }
            4 => {
                let to = match self.is_cancelled {
                    true => Input::Cancelled(me),
                    false => Input::Left,
                };
                next.turn(Input::Claimed(me), to);
                vec![Way::goes_on(next, 1)]
            }
            _ => {
                next.inside -= 1;
                next.deliver(me);
                let ran = (0..).zip(&self.inputs);
                let ran = ran.filter(|(_, input)| **input == Input::Ran(me));
                let ran = ran.map(|(index, _)| index).collect();
                vec![Way::answers(next, Answer::Ran(ran))]
            }
        }
    }

    fn enters(mut self) -> Way<Self, Answer> {
        self.inside += 1;
        Way::goes_on(self, 1)
    }

    /// The next inputs, how many is its own affair.
    fn claims(&self, me: usize, chunk: usize) -> Vec<Way<Self, Answer>> {
        let is_left = |input: &Input| *input == Input::Left;
        let Some(first) = self.inputs.iter().position(is_left) else {
            return vec![Way::goes_on(self.clone(), 5)];
        };
        let in_a_row = self.inputs[first..]
            .iter()
            .take_while(|input| is_left(input));
        let lengths = 1..=in_a_row.count().min(chunk);
        let claim = |length| {
            let mut next = self.clone();
            next.inputs[first..first + length].fill(Input::Claimed(me));
            Way::goes_on(next, 2)
        };
        lengths.map(claim).collect()
    }

    fn is_done(&self) -> bool {
        usize::from(self.delivered) == self.inputs.len() && self.inside == 0
    }

    fn turn(&mut self, from: Input, to: Input) {
        let inputs = self.inputs.iter_mut().filter(|input| **input == from);
        inputs.for_each(|input| *input = to);
    }

    /// What became of the inputs that this call has ended; says how many.
    fn deliver(&mut self, me: usize) -> u8 {
        let own = [Input::Ran(me), Input::Cancelled(me)];
        let ended = self
            .inputs
            .iter()
            .filter(|input| own.contains(input))
            .count() as u8;
        self.delivered += ended;
        ended
    }

    fn run_by(&self) -> Calls {
        self.inputs.iter().fold(0, |calls, input| match input {
            Input::Ran(me) => calls | (1 << me),
            _ => calls,
        })
    }
}

/// P1, P5, P7
#[test]
fn every_program() {
    let calls = [Work, Join, Cancel];
    let sizes: [(&[usize], _); 4] = [
        (&[1, 1], TWICE),
        (&[2, 1], TWICE),
        (&[1, 1, 1], TWICE),
        (&[2, 1, 1], ONCE),
    ];
    let single = |(size, bound)| {
        let name = "Batch of 2, claimed one by one: work, join, cancel";
        table::<Maps<2, 1>>(name, &calls, size, bound)
    };
    explore_all::<Maps<2, 1>>(sizes.map(single));
    let chunks = |(size, bound)| {
        let name = "Batch of 4, claimed in chunks: work, join, cancel";
        table::<Maps<4, 2>>(name, &calls, size, bound)
    };
    explore_all::<Maps<4, 2>>(sizes.map(chunks));
}
