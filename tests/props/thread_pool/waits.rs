//! Jobs that wait for jobs of their own pool, in all the ways there are: P7, P11.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use threadproof::{JobError, ThreadPool, TryMapError, scoped_map};

use super::pool;
use crate::support::{count, ends, rounds};

/// How a job waits for its children, which are jobs, too, but for those of a `scoped_map`.
#[derive(Clone, Copy, Debug)]
enum How {
    /// One after the other.
    Join,
    /// All are submitted, then all are joined.
    JoinAll,
    /// As `JoinAll`, the last one first.
    JoinBackwards,
    JoinWithEndlessTimeout,
    Map,
    TryMap,
    MapLazy {
        window: usize,
    },
    MapUnordered {
        window: usize,
    },
    ScopedMap {
        workers: usize,
    },
}

#[derive(Clone, Debug)]
struct Tree {
    how: How,
    children: Vec<Tree>,
}

fn hows() -> impl Strategy<Value = How> {
    prop_oneof![
        Just(How::Join),
        Just(How::JoinAll),
        Just(How::JoinBackwards),
        Just(How::JoinWithEndlessTimeout),
        Just(How::Map),
        Just(How::TryMap),
        (1usize..4).prop_map(|window| How::MapLazy { window }),
        (1usize..4).prop_map(|window| How::MapUnordered { window }),
        (1usize..4).prop_map(|workers| How::ScopedMap { workers }),
    ]
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = hows().prop_map(|how| Tree {
        how,
        children: Vec::new(),
    });
    leaf.prop_recursive(4, 24, 3, |child| {
        let children = prop::collection::vec(child, 1..4);
        (hows(), children).prop_map(|(how, children)| Tree { how, children })
    })
}

/// What a job was told of its child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Ended,
    Refused,
    /// The handle came back.
    GivenBack,
}

/// A job of a tree, and what became of it.
struct Node {
    how: How,
    is_job: bool,
    children: Vec<Arc<Node>>,
    begun: AtomicUsize,
    told: Mutex<Vec<Told>>,
}

impl Node {
    fn of(tree: &Tree, is_job: bool) -> Arc<Self> {
        let are_jobs = !matches!(tree.how, How::ScopedMap { .. });
        let children = tree.children.iter();
        Arc::new(Self {
            how: tree.how,
            is_job,
            children: children.map(|child| Self::of(child, are_jobs)).collect(),
            begun: AtomicUsize::new(0),
            told: Mutex::default(),
        })
    }

    fn tell(&self, outcome: Result<(), JobError>) {
        self.told.lock().unwrap().push(match outcome {
            Ok(()) => Told::Ended,
            Err(JobError::WouldDeadlock) => Told::Refused,
            Err(other) => panic!("{other}"),
        });
    }

    fn run(&self, pool: &Arc<ThreadPool>) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        let children = self.children.clone();
        let inside = pool.clone();
        let body = move |child: Arc<Node>| child.run(&inside);
        let submit = |child: &Arc<Node>| {
            let (child, inside) = (child.clone(), pool.clone());
            pool.submit(move || child.run(&inside)).unwrap()
        };
        match self.how {
            How::Join => {
                for child in &children {
                    child.tell(submit(child).join());
                }
            }
            How::JoinAll | How::JoinBackwards => {
                let jobs = children.iter().map(|child| (child, submit(child)));
                let mut jobs: Vec<_> = jobs.collect();
                if matches!(self.how, How::JoinBackwards) {
                    jobs.reverse();
                }
                for (child, job) in jobs {
                    child.tell(job.join());
                }
            }
            How::JoinWithEndlessTimeout => {
                for child in &children {
                    match submit(child).join_timeout(Duration::MAX) {
                        Ok(outcome) => child.tell(outcome),
                        Err(_given_back) => child.told.lock().unwrap().push(Told::GivenBack),
                    }
                }
            }
            How::Map => {
                let outcomes = pool.map(children.clone(), body);
                let told = children.iter().zip(outcomes);
                told.for_each(|(child, outcome)| child.tell(outcome));
            }
            How::TryMap => {
                let body = move |child| {
                    body(child);
                    Ok::<_, ()>(())
                };
                let outcome = pool.try_map(children.clone(), body);
                let outcome = outcome.map(drop).map_err(|error| match error {
                    TryMapError::Job { index: 0, error } => error,
                    other => panic!("{other:?}"),
                });
                children
                    .iter()
                    .for_each(|child| child.tell(outcome.clone()));
            }
            How::MapLazy { window } => {
                let outcomes = pool.map_lazy(children.clone(), count(window), body);
                let told = children.iter().zip(outcomes);
                told.for_each(|(child, outcome)| child.tell(outcome));
            }
            How::MapUnordered { window } => {
                let outcomes = pool.map_unordered(children.clone(), count(window), body);
                outcomes.for_each(|(index, outcome)| children[index].tell(outcome));
            }
            How::ScopedMap { workers } => {
                let outcomes = scoped_map(count(workers), &children, |child| child.run(pool));
                let told = children.iter().zip(outcomes);
                told.for_each(|(child, outcome)| child.tell(outcome.map_err(JobError::Panicked)));
            }
        }
    }

    /// Whether everything below was told and run as it should be; counts jobs that were submitted, and
    /// those that ran.
    fn judge(&self, submitted: &mut u64, ran: &mut u64) -> Result<(), TestCaseError> {
        for child in &self.children {
            let begun = child.begun.load(Ordering::Relaxed);
            let told = child.told.lock().unwrap().clone();
            if self.begun.load(Ordering::Relaxed) == 0 {
                prop_assert!(begun == 0 && told.is_empty(), "nobody has asked for it");
            } else {
                prop_assert_eq!(told.len(), 1, "one outcome");
                match told[0] {
                    Told::Ended | Told::GivenBack => prop_assert_eq!(begun, 1),
                    // One that runs when its join is refused goes on; of a map none has begun.
                    Told::Refused => {
                        let may_run = !matches!(self.how, How::Map | How::TryMap);
                        prop_assert!(begun <= usize::from(may_run));
                    }
                }
                if child.is_job {
                    *submitted += 1;
                    *ran += begun as u64;
                }
            }
            child.judge(submitted, ran)?;
        }
        Ok(())
    }

    /// How many jobs and threads there are at most.
    fn nodes(&self) -> usize {
        1 + self
            .children
            .iter()
            .map(|child| child.nodes())
            .sum::<usize>()
    }

    fn was_refused(&self) -> bool {
        let told = self.told.lock().unwrap();
        let refused = told.iter().any(|told| *told != Told::Ended);
        refused || self.children.iter().any(|child| child.was_refused())
    }
}

/// Runs all trees at once; as many as there are workers meet before the first of them waits.
fn run(pool: &Arc<ThreadPool>, trees: &[Tree]) -> Vec<Arc<Node>> {
    let meeting = trees.len().min(pool.workers().get());
    let meeting = Arc::new((AtomicUsize::new(meeting), Barrier::new(meeting)));
    let roots: Vec<_> = trees.iter().map(|tree| Node::of(tree, true)).collect();
    let submit = |root: &Arc<Node>| {
        let (root, inside, meeting) = (root.clone(), pool.clone(), meeting.clone());
        let body = move || {
            let one_less = |left: usize| left.checked_sub(1);
            let (relaxed, left) = (Ordering::Relaxed, &meeting.0);
            if left.fetch_update(relaxed, relaxed, one_less).is_ok() {
                meeting.1.wait();
            }
            root.run(&inside);
        };
        pool.submit(body).unwrap()
    };
    let jobs: Vec<_> = roots.iter().map(submit).collect();
    let inside = pool.clone();
    ends(move || {
        for job in jobs {
            job.join().unwrap();
        }
        // Those whose handles came back may still run.
        inside.wait_idle();
    });
    roots
}

/// Of all that was submitted each job either ran, once, or was refused, and never will.
fn judge(pool: &ThreadPool, roots: &[Arc<Node>]) -> Result<(), TestCaseError> {
    let (mut submitted, mut ran) = (roots.len() as u64, roots.len() as u64);
    for root in roots {
        prop_assert_eq!(root.begun.load(Ordering::Relaxed), 1);
        root.judge(&mut submitted, &mut ran)?;
    }
    let report = pool.report();
    prop_assert_eq!((report.submitted(), report.completed), (submitted, ran));
    prop_assert_eq!(report.cancelled, submitted - ran);
    prop_assert_eq!((report.queued, report.running), (0, 0));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(rounds(256, 5_000) as u32))]

    #[test]
    fn jobs_that_wait_for_jobs_of_their_own_pool_end_or_are_refused(
        workers in 1usize..=4,
        trees in prop::collection::vec(trees(), 1..5),
    ) {
        let pool = Arc::new(pool(workers));
        let roots = run(&pool, &trees);
        judge(&pool, &roots)?;
    }

    #[test]
    fn with_a_worker_for_each_job_no_wait_is_refused(
        trees in prop::collection::vec(trees(), 1..3),
    ) {
        let jobs: usize = trees.iter().map(|tree| Node::of(tree, true).nodes()).sum();
        let pool = Arc::new(pool(jobs + 1));
        let roots = run(&pool, &trees);
        judge(&pool, &roots)?;
        prop_assert!(!roots.iter().any(|root| root.was_refused()));
    }
}
