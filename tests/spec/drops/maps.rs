//! All maps, and what may happen to them midway.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rstest::rstest;
use threadproof::{Event, JobError, Shutdown, ThreadPool, TryMapError, scoped_map, start};

use super::{Cell, JOBS, Kind, Told, Trouble, Troublesome, Value, ended_well, hold, still_works};
use crate::support::{count, until};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Map,
    MapLazy,
    MapUnordered,
    TryMap,
}

/// The inputs of a cell, in an iterator that is itself one of the caller's values.
struct Inputs {
    cell: Cell,
    next: usize,
    panics_at: Option<usize>,
    _trouble: Option<Troublesome>,
}

impl Inputs {
    fn of(cell: Cell) -> Self {
        let _trouble = cell.trouble(Kind::Iterator);
        Self {
            cell,
            next: 0,
            panics_at: None,
            _trouble,
        }
    }
}

impl Iterator for Inputs {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let number = self.next;
        assert!(self.panics_at != Some(number), "no more inputs");
        self.next += 1;
        (number < JOBS).then(|| self.cell.input(number))
    }
}

impl Call {
    fn of(self, pool: &ThreadPool, inputs: Inputs) -> Vec<Told> {
        let function = inputs.cell.function();
        match self {
            Self::Map => {
                let outcomes = pool.map(inputs, function);
                outcomes.into_iter().map(Told::of).collect()
            }
            Self::MapLazy => {
                let outcomes = pool.map_lazy(inputs, count(JOBS), function);
                outcomes.map(Told::of).collect()
            }
            Self::MapUnordered => {
                let outcomes = pool.map_unordered(inputs, count(JOBS), function);
                let mut told: Vec<_> = outcomes
                    .map(|(index, outcome)| (index, Told::of(outcome)))
                    .collect();
                told.sort_by_key(|(index, _)| *index);
                told.into_iter().map(|(_, told)| told).collect()
            }
            Self::TryMap => {
                let outputs = pool.try_map(inputs, move |input| Ok::<_, ()>(function(input)));
                match outputs {
                    Ok(outputs) => outputs.into_iter().map(Ok).map(Told::of).collect(),
                    Err(TryMapError::Job { error, .. }) => vec![Told::of(Err(error))],
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
    }

    /// What is told of a map whose inputs have these outcomes: of the one that gives all outputs or an
    /// error, the first error.
    fn told(self, outcomes: &[Told]) -> Vec<Told> {
        let is_error = |told: &&Told| !matches!(told, Told::Given(_));
        match (self, outcomes.iter().find(is_error)) {
            (Self::TryMap, Some(first)) => vec![*first],
            _ => outcomes.to_vec(),
        }
    }

    #[track_caller]
    fn expect(self, cell: Cell, told: &[Told], outcomes: &[Told]) {
        if cell.trouble == Trouble::CallsBack && self == Self::TryMap {
            // Some may have been cancelled, and then it tells of one alone.
            return assert!(told.len() == 1 || told.len() == outcomes.len(), "{told:?}");
        }
        cell.expect(told, &self.told(outcomes));
    }
}

#[rstest]
#[case::to_the_end(to_the_end)]
#[case::without_an_input(without_an_input)]
#[case::cancelled(cancelled)]
#[case::shut_down(shut_down)]
#[case::refused_to_its_own_worker(refused_to_its_own_worker)]
#[case::in_a_closed_pool(in_a_closed_pool)]
#[case::iterator_panics_midway(iterator_panics_midway)]
fn no_value_of_a_map_s_harms_anybody(
    #[case] place: fn(Cell, Call),
    #[values(Call::Map, Call::MapLazy, Call::MapUnordered, Call::TryMap)] call: Call,
    #[values(
        Kind::Input,
        Kind::Output,
        Kind::Payload,
        Kind::Capture,
        Kind::Initialiser,
        Kind::Iterator
    )]
    kind: Kind,
    #[values(Trouble::Panics, Trouble::CallsBack)] trouble: Trouble,
) {
    Cell { kind, trouble }.in_its_own_process(move |cell| place(cell, call));
}

fn ran(cell: Cell) -> Vec<Told> {
    (0..JOBS).map(|number| cell.ran(number)).collect()
}

fn to_the_end(cell: Cell, call: Call) {
    let pool = cell.pool(2);
    call.expect(cell, &call.of(&pool, Inputs::of(cell)), &ran(cell));
    still_works(&pool);
}

fn cancelled(cell: Cell, call: Call) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    let inside = pool.clone();
    let map = start("map", move || call.of(&inside, Inputs::of(cell))).unwrap();
    until(|| pool.report().queued == JOBS as u64);
    let cancelled = pool.cancel_queued();
    assert!(cancelled == JOBS as u64 || cell.trouble == Trouble::CallsBack);
    gate.set();
    call.expect(cell, &map.join().unwrap(), &[Told::Cancelled; JOBS]);
    still_works(&pool);
}

fn shut_down(cell: Cell, call: Call) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    let inside = pool.clone();
    let map = start("map", move || call.of(&inside, Inputs::of(cell))).unwrap();
    until(|| pool.report().queued == JOBS as u64);
    std::thread::scope(|scope| {
        let end = scope.spawn(|| pool.shutdown(Shutdown::CancelQueued));
        until(|| pool.report().queued == 0);
        gate.set();
        let cancelled = end.join().unwrap().cancelled;
        assert!(cancelled == JOBS as u64 || cell.trouble == Trouble::CallsBack);
    });
    call.expect(cell, &map.join().unwrap(), &[Told::Cancelled; JOBS]);
    ended_well(&pool);
}

fn refused_to_its_own_worker(cell: Cell, call: Call) {
    let pool = cell.pool(1);
    let inside = pool.clone();
    let outer = pool.submit(move || call.of(&inside, Inputs::of(cell)));
    let told = outer.unwrap().join().unwrap();
    call.expect(cell, &told, &[Told::Refused; JOBS]);
    still_works(&pool);
}

fn in_a_closed_pool(cell: Cell, call: Call) {
    let pool = cell.pool(1);
    pool.shutdown(Shutdown::Drain);
    let taken = match call {
        Call::Map | Call::TryMap => JOBS,
        Call::MapLazy | Call::MapUnordered => 0,
    };
    let told = call.of(&pool, Inputs::of(cell));
    call.expect(cell, &told, &[Told::Cancelled; JOBS][..taken]);
    ended_well(&pool);
}

fn without_an_input(cell: Cell, call: Call) {
    let pool = cell.pool(1);
    let inputs = Inputs {
        next: JOBS,
        ..Inputs::of(cell)
    };
    assert_eq!(call.of(&pool, inputs), []);
    still_works(&pool);
}

/// The panic passes on to the caller of the map, whose iterator it is.
fn iterator_panics_midway(cell: Cell, call: Call) {
    let pool = cell.pool(1);
    let gate = hold(&pool);
    let inputs = Inputs {
        panics_at: Some(JOBS - 1),
        ..Inputs::of(cell)
    };
    let ended = catch_unwind(AssertUnwindSafe(|| call.of(&pool, inputs)));
    let payload = ended.unwrap_err();
    assert_eq!(payload.downcast_ref(), Some(&"no more inputs"));
    let report = pool.report();
    assert!(report.queued == 0 || cell.trouble == Trouble::CallsBack);
    gate.set();
    still_works(&pool);
}

/// Outputs that have ended, one that runs and others that have not begun.
#[rstest]
fn no_value_of_a_lazy_map_that_is_dropped_harms_anybody(
    #[values(Call::MapLazy, Call::MapUnordered)] call: Call,
    #[values(
        Kind::Input,
        Kind::Output,
        Kind::Payload,
        Kind::Capture,
        Kind::Initialiser,
        Kind::Iterator
    )]
    kind: Kind,
    #[values(0, 3, JOBS)] ended: usize,
    #[values(Trouble::Panics, Trouble::CallsBack)] trouble: Trouble,
) {
    Cell { kind, trouble }.in_its_own_process(move |cell| {
        let pool = cell.pool(1);
        let gate = Arc::new(Event::new());
        let (theirs, function) = (gate.clone(), cell.function());
        let function = move |input: Value| {
            if input.number == ended {
                theirs.wait();
            }
            function(input)
        };
        let has_come_so_far = || {
            let report = pool.report();
            gate.n_waiting() == 1 || report.queued + report.running == 0
        };
        let inputs = Inputs::of(cell);
        match call {
            Call::MapLazy => {
                let mut outcomes = pool.map_lazy(inputs, count(JOBS), function);
                if ended > 0 {
                    assert_eq!(outcomes.next().map(Told::of), Some(Told::Given(0)));
                    until(has_come_so_far);
                }
                drop(outcomes);
            }
            _ => {
                let mut outcomes = pool.map_unordered(inputs, count(JOBS), function);
                if ended > 0 {
                    let first = outcomes.next().map(|(_, outcome)| Told::of(outcome));
                    assert_eq!(first, Some(Told::Given(0)));
                    until(has_come_so_far);
                }
                drop(outcomes);
            }
        }
        gate.set();
        still_works(&pool);
    });
}

/// Its inputs are borrowed, and stay the caller's.
#[rstest]
fn no_value_of_a_scoped_map_s_harms_anybody(
    #[values(Kind::Output, Kind::Payload, Kind::Capture)] kind: Kind,
    #[values(1, 3)] workers: usize,
    #[values(false, true)] is_inside_a_job: bool,
    #[values(Trouble::Panics, Trouble::CallsBack)] trouble: Trouble,
) {
    Cell { kind, trouble }.in_its_own_process(move |cell| {
        let pool = cell.pool(1);
        let run = move || {
            let (function, numbers) = (cell.function(), [0, 1, 2, 3, 4]);
            let outcomes = scoped_map(count(workers), &numbers, move |number| {
                function(cell.input(*number))
            });
            let outcomes = outcomes.into_iter();
            let told = outcomes.map(|outcome| Told::of(outcome.map_err(JobError::Panicked)));
            cell.expect(&told.collect::<Vec<_>>(), &ran(cell));
        };
        match is_inside_a_job {
            true => pool.submit(run).unwrap().join().unwrap(),
            false => run(),
        }
        still_works(&pool);
    });
}
