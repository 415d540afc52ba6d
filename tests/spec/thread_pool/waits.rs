//! <https://docs.python.org/3/library/concurrent.futures.html#threadpoolexecutor>, which shows waits for the own pool as the deadlocks that they are: P7.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

use rstest::rstest;
use threadproof::{Job, JobError, Shutdown, ThreadPool, TryMapError, scoped_map};

use super::{pool, this_worker};
use crate::support::{count, ends, rounds, until};

#[test]
fn in_a_pool_of_one_a_job_cannot_join_another() {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let outer = move || inside.submit(|| "inner").unwrap().join();
    let outer = pool.submit(outer).unwrap();
    assert_eq!(ends(move || outer.join()), Ok(Err(JobError::WouldDeadlock)));
    assert_eq!(pool.submit(|| "open").unwrap().join(), Ok("open"));
}

#[test]
fn in_a_pool_of_one_a_job_cannot_map() {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let outer = pool
        .submit(move || inside.map([1, 2, 3], |n: i32| n))
        .unwrap();
    let outputs = ends(move || outer.join()).unwrap();
    assert_eq!(outputs, [const { Err(JobError::WouldDeadlock) }; 3]);
    let report = Arc::into_inner(pool).unwrap().shutdown(Shutdown::Drain);
    assert_eq!((report.completed, report.cancelled), (1, 3));
}

#[test]
fn in_a_pool_of_two_a_job_may_join_another_which_runs_on_the_other_worker() {
    let pool = Arc::new(pool(2));
    for _ in 0..100 {
        let inside = pool.clone();
        let outer = move || {
            (
                this_worker(),
                inside.submit(this_worker).unwrap().join().unwrap(),
            )
        };
        let outer = pool.submit(outer).unwrap();
        let (outer, inner) = ends(move || outer.join()).unwrap();
        assert_ne!(outer, inner);
    }
}

#[test]
fn in_a_pool_of_two_a_job_may_map_and_runs_no_input_itself() {
    let pool = Arc::new(pool(2));
    for _ in 0..100 {
        let inside = pool.clone();
        let outer = move || (this_worker(), inside.map(0..20, |_| this_worker()));
        let outer = pool.submit(outer).unwrap();
        let (outer, inner) = ends(move || outer.join()).unwrap();
        assert_eq!(inner.len(), 20);
        assert!(inner.into_iter().all(|worker| worker.unwrap() != outer));
    }
}

#[test]
fn of_two_jobs_that_would_fill_a_pool_of_two_with_waiting_one_is_refused() {
    for _ in 0..100 {
        let (pool, meeting) = (Arc::new(pool(2)), Arc::new(Barrier::new(2)));
        let outer = || {
            let (inside, meeting) = (pool.clone(), meeting.clone());
            move || {
                meeting.wait();
                inside.submit(|| "inner").unwrap().join()
            }
        };
        let jobs = [(); 2].map(|()| pool.submit(outer()).unwrap());
        let mut outcomes = ends(move || jobs.map(|job| job.join().unwrap()));
        outcomes.sort_by_key(Result::is_err);
        assert_eq!(outcomes, [Ok("inner"), Err(JobError::WouldDeadlock)]);
    }
}

#[test]
fn of_two_maps_that_would_fill_a_pool_of_two_with_waiting_one_is_refused() {
    for _ in 0..100 {
        let (pool, meeting) = (Arc::new(pool(2)), Arc::new(Barrier::new(2)));
        let inside = pool.clone();
        let outer = move |()| {
            meeting.wait();
            inside.map([1, 2, 3], |n: i32| n)
        };
        let mut outputs = ends(move || pool.map([(); 2], outer));
        outputs.sort_by_key(|map| map.as_ref().is_ok_and(|map| map[0].is_err()));
        assert_eq!(outputs[0], Ok(vec![Ok(1), Ok(2), Ok(3)]));
        assert_eq!(outputs[1], Ok(vec![Err(JobError::WouldDeadlock); 3]));
    }
}

#[test]
fn a_job_may_wait_for_another_with_a_timeout_even_in_a_pool_of_one() {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let outer = move || {
        let inner = inside.submit(|| "inner").unwrap();
        inner.join_timeout(Duration::from_millis(10)).unwrap_err()
    };
    let outer = pool.submit(outer).unwrap();
    let inner = ends(move || outer.join()).unwrap();
    assert_eq!(inner.join(), Ok("inner"));
}

#[test]
fn a_job_may_wait_for_another_pool_and_for_a_job_that_has_ended() {
    let (here, there) = (Arc::new(pool(1)), pool(1));
    let ended = here.submit(|| "ended").unwrap();
    until(|| ended.is_finished());
    let outer = here.submit(move || (ended.join(), there.submit(|| "there").unwrap().join()));
    let outcomes = ends(move || outer.unwrap().join());
    assert_eq!(outcomes, Ok((Ok("ended"), Ok("there"))));
}

/// The pool has accounted for every job, and nothing is left of those that were refused.
#[track_caller]
fn nothing_is_left(pool: &ThreadPool) {
    pool.wait_idle();
    let report = pool.report();
    assert_eq!((report.queued, report.running), (0, 0), "{report:?}");
    assert_eq!(pool.cancel_queued(), 0);
    assert_eq!(pool.submit(|| "open").unwrap().join(), Ok("open"));
}

/// Counts how often it is run.
fn counting(ran: &Arc<AtomicUsize>) -> impl Fn(usize) -> usize + Send + Sync + 'static {
    let ran = ran.clone();
    move |number| {
        ran.fetch_add(1, Ordering::Relaxed);
        number
    }
}

/// A way to wait for one job.
type Join = fn(Job<&'static str>) -> Result<&'static str, JobError>;

fn join_with_an_endless_timeout(job: Job<&'static str>) -> Result<&'static str, JobError> {
    match job.join_timeout(Duration::MAX) {
        Ok(outcome) => outcome,
        Err(_given_back) => Err(JobError::WouldDeadlock),
    }
}

fn join_in_a_scoped_map(job: Job<&'static str>) -> Result<&'static str, JobError> {
    let job = Mutex::new(Some(job));
    let take = |job: &Mutex<Option<Job<_>>>| job.lock().unwrap().take().unwrap();
    let mut joined = scoped_map(count(2), &[job], |job| take(job).join());
    joined.pop().unwrap().unwrap()
}

/// Whoever waits for whom in a ring, the one who closes it is refused, idle workers or not.
#[rstest]
fn of_jobs_that_join_one_another_in_a_ring_one_is_refused(
    #[values(1, 2, 3)] jobs: usize,
    #[values(0, 1, 3)] idle: usize,
    #[values(Job::join, join_with_an_endless_timeout, join_in_a_scoped_map)] join: Join,
) {
    for _ in 0..20 {
        let pool = Arc::new(pool(jobs + idle));
        let inside = pool.clone();
        let told = ends(move || {
            let meeting = Arc::new(Barrier::new(jobs));
            let (tell, told) = mpsc::channel();
            let (gives, handles): (Vec<_>, Vec<_>) = (0..jobs)
                .map(|_| {
                    let (give, take) = mpsc::channel::<Job<&str>>();
                    let (tell, meeting) = (tell.clone(), meeting.clone());
                    let body = move || {
                        let next = take.recv().unwrap();
                        meeting.wait();
                        tell.send(join(next)).unwrap();
                        "ended"
                    };
                    (give, inside.submit(body).unwrap())
                })
                .unzip();
            // Each gets the handle of the one behind it; the first that of the last.
            for (number, handle) in handles.into_iter().enumerate() {
                gives[(number + 1) % jobs].send(handle).unwrap();
            }
            (0..jobs).map(|_| told.recv().unwrap()).collect::<Vec<_>>()
        });
        let refused = told
            .iter()
            .filter(|end| **end == Err(JobError::WouldDeadlock));
        assert_eq!(refused.count(), 1, "{told:?}");
        let given = told.iter().filter(|end| **end == Ok("ended"));
        assert_eq!(given.count(), jobs - 1, "{told:?}");
        nothing_is_left(&pool);
        assert_eq!(pool.report().completed, jobs as u64 + 1, "all of them ran");
    }
}

/// The job that one waits for runs, and waits itself for one that no worker is left to run.
#[test]
fn of_two_waits_in_a_line_that_leave_no_worker_awake_one_is_refused() {
    for _ in 0..100 {
        let pool = Arc::new(pool(2));
        let (give, take) = mpsc::channel::<Job<Result<&str, JobError>>>();
        let (inside, meeting) = (pool.clone(), Arc::new(Barrier::new(2)));
        let theirs = meeting.clone();
        let waits_for_a_queued_one = pool.submit(move || {
            theirs.wait();
            inside.submit(|| "last").unwrap().join()
        });
        let waits_for_that = pool.submit(move || {
            let running = take.recv().unwrap();
            meeting.wait();
            running.join()
        });
        give.send(waits_for_a_queued_one.unwrap()).unwrap();
        let told = ends(move || waits_for_that.unwrap().join()).unwrap();
        let refused = JobError::WouldDeadlock;
        assert!(
            told == Err(refused.clone()) || told == Ok(Err(refused)),
            "{told:?}: one of both, whichever came second"
        );
        nothing_is_left(&pool);
    }
}

/// As many may wait as leave one awake.
#[rstest]
fn in_a_pool_of_n_a_line_of_n_jobs_waits_and_one_more_is_refused(#[values(1, 2, 3, 4)] n: usize) {
    fn line(pool: &Arc<ThreadPool>, jobs: usize) -> Result<usize, JobError> {
        let inside = pool.clone();
        let next = move || match jobs {
            1 => Ok(1),
            jobs => Ok(1 + line(&inside, jobs - 1)?),
        };
        pool.submit(next).unwrap().join()?
    }
    let pool = Arc::new(pool(n));
    let inside = pool.clone();
    let told = ends(move || (line(&inside, n), line(&inside, n + 1)));
    assert_eq!(told, (Ok(n), Err(JobError::WouldDeadlock)));
    nothing_is_left(&pool);
}

#[rstest]
fn in_a_pool_of_n_maps_nest_n_deep_and_no_deeper(#[values(1, 2, 3, 4)] n: usize) {
    fn nest(pool: &Arc<ThreadPool>, depth: usize) -> Result<usize, JobError> {
        let inside = pool.clone();
        let inner = move |input: usize| match depth {
            1 => Ok(input),
            depth => nest(&inside, depth - 1),
        };
        pool.map([7], inner).remove(0)?
    }
    let pool = Arc::new(pool(n));
    let inside = pool.clone();
    let told = ends(move || (nest(&inside, n), nest(&inside, n + 1)));
    assert_eq!(told, (Ok(7), Err(JobError::WouldDeadlock)));
    nothing_is_left(&pool);
}

/// A refused join leaves nothing behind: what was refused never runs.
#[rstest]
fn a_job_whose_join_is_refused_never_runs(#[values(Job::join, join_in_a_scoped_map)] join: Join) {
    let (pool, ran) = (Arc::new(pool(1)), Arc::default());
    let (inside, body) = (pool.clone(), counting(&ran));
    let inner = move || {
        body(7);
        "inner"
    };
    let outer = move || join(inside.submit(inner).unwrap());
    let outer = pool.submit(outer).unwrap();
    assert_eq!(ends(move || outer.join()), Ok(Err(JobError::WouldDeadlock)));
    nothing_is_left(&pool);
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    assert_eq!(pool.report().cancelled, 1);
}

/// Nothing is lost: the handle comes back, and others may wait for the job.
#[test]
fn an_endless_timed_join_that_is_refused_gives_the_handle_back() {
    let pool = Arc::new(pool(1));
    let inside = pool.clone();
    let outer = move || {
        let inner = inside.submit(|| 7).unwrap();
        inner.join_timeout(Duration::MAX).unwrap_err()
    };
    let outer = pool.submit(outer).unwrap();
    let inner = ends(move || outer.join()).unwrap();
    assert_eq!(inner.join(), Ok(7));
    nothing_is_left(&pool);
}

/// The maps that take their inputs as they are asked stay within their window, and none of what was
/// refused is left when they are dropped.
#[rstest]
fn a_lazy_map_refused_to_its_own_worker_stays_within_its_window(
    #[values(1, 2, 5)] window: usize,
    #[values(false, true)] is_unordered: bool,
) {
    let (pool, ran, taken) = (Arc::new(pool(1)), Arc::default(), Arc::default());
    let (inside, body, take) = (pool.clone(), counting(&ran), counting(&taken));
    let outer = move || {
        let inputs = (0..).map(take);
        let refused = || Err::<usize, _>(JobError::WouldDeadlock);
        let most_queued = |_| inside.report().queued;
        match is_unordered {
            false => {
                let mut lazy = inside.map_lazy(inputs, count(window), body);
                let ask = (0..100).inspect(|_| assert_eq!(lazy.next(), Some(refused())));
                ask.map(most_queued).max()
            }
            true => {
                let mut lazy = inside.map_unordered(inputs, count(window), body);
                let ask = (0..100).inspect(|n| assert_eq!(lazy.next(), Some((*n, refused()))));
                ask.map(most_queued).max()
            }
        }
    };
    let outer = pool.submit(outer).unwrap();
    let most_queued = ends(move || outer.join()).unwrap().unwrap();
    assert_eq!(most_queued, window as u64 - 1, "beside the one refused");
    nothing_is_left(&pool);
    assert_eq!(ran.load(Ordering::Relaxed), 0);
    assert_eq!(taken.load(Ordering::Relaxed), 99 + window);
}

#[test]
fn a_map_that_is_refused_leaves_nothing_behind() {
    let (pool, ran) = (Arc::new(pool(1)), Arc::default());
    let (inside, body, another) = (pool.clone(), counting(&ran), counting(&ran));
    let outer = move || {
        let refused = inside.map([1, 2, 3], body);
        let tried = inside.try_map([1, 2], move |number| Ok::<_, ()>(another(number)));
        (refused, tried, inside.report())
    };
    let outer = pool.submit(outer).unwrap();
    let (refused, tried, report) = ends(move || outer.join()).unwrap();
    assert_eq!(refused, [const { Err(JobError::WouldDeadlock) }; 3]);
    let (index, error) = (0, JobError::WouldDeadlock);
    assert_eq!(tried, Err(TryMapError::Job { index, error }));
    assert_eq!((report.cancelled, report.running, report.queued), (5, 1, 0));
    nothing_is_left(&pool);
    assert_eq!(ran.load(Ordering::Relaxed), 0);
}

/// In a pool of two the maps of a job run on the other worker.
#[test]
fn in_a_pool_of_two_a_job_may_ask_for_outcomes_as_they_come() {
    let pool = Arc::new(pool(2));
    for _ in 0..100 {
        let inside = pool.clone();
        let outer = move || {
            let outcomes = inside.map_unordered(0..20, count(4), |n| (n, this_worker()));
            (this_worker(), outcomes.collect::<Vec<_>>())
        };
        let outer = pool.submit(outer).unwrap();
        let (outer, inner) = ends(move || outer.join()).unwrap();
        assert_eq!(inner.len(), 20);
        for (index, outcome) in inner {
            let (number, worker) = outcome.unwrap();
            assert_eq!(index, number);
            assert_ne!(worker, outer);
        }
    }
}

/// It needs any of its jobs: one that waits for whoever asks is no reason to be refused while another
/// one will end.
#[test]
fn a_wait_for_any_of_several_jobs_is_refused_only_if_none_of_them_will_end() {
    for _ in 0..50 {
        let pool = Arc::new(pool(3));
        let (give, take) = mpsc::channel::<Job<()>>();
        let (tell, told) = mpsc::channel();
        let (tell_more, told_more) = mpsc::channel();
        let (inside, take) = (pool.clone(), Mutex::new(take));
        let asks = pool.submit(move || {
            // The first input waits for this very job, the other one for nobody.
            let body = move |number: usize| {
                if number == 0 {
                    let asks = take.lock().unwrap().recv().unwrap();
                    tell.send(asks.join().is_err()).unwrap();
                }
            };
            for (index, outcome) in inside.map_unordered(0..2, count(2), body) {
                tell_more.send((index, outcome.is_err())).unwrap();
            }
        });
        give.send(asks.unwrap()).unwrap();
        let (is_join_refused, told) = ends(move || (told.recv().unwrap(), told_more));
        // Of the two in the ring one is refused, whichever came second.
        let mut told: Vec<_> = told.iter().collect();
        told.sort_unstable();
        assert_eq!(told, [(0, !is_join_refused), (1, false)]);
        nothing_is_left(&pool);
        assert_eq!(pool.report().completed, 4, "all of them ran");
    }
}

/// The worker that waits on behalf of several threads goes on when all of them do.
#[test]
fn several_threads_of_a_scoped_map_may_wait_for_one_worker() {
    let pool = Arc::new(pool(2));
    for _ in 0..50 {
        let inside = pool.clone();
        let outer = move || {
            let join = |number: &usize| {
                let number = *number;
                inside.submit(move || 2 * number).unwrap().join()
            };
            scoped_map(count(3), &[1, 2, 3, 4], join)
        };
        let outer = pool.submit(outer).unwrap();
        let outcomes = ends(move || outer.join()).unwrap();
        assert_eq!(outcomes, [Ok(Ok(2)), Ok(Ok(4)), Ok(Ok(6)), Ok(Ok(8))]);
    }
    nothing_is_left(&pool);
}

/// The caller of a map counts as asleep before anybody can begin its inputs: a worker that comes later
/// never finds both of them awake.
#[test]
fn a_map_whose_function_joins_a_job_never_hangs() {
    let pool = Arc::new(pool(2));
    let inside = pool.clone();
    ends(move || {
        for _ in 0..rounds(5_000, 500_000) {
            let outer = inside.clone();
            let outer = move || {
                let inner = outer.clone();
                outer.map([7], move |n: u32| inner.submit(move || n).unwrap().join())
            };
            let outcomes = inside.submit(outer).unwrap().join().unwrap();
            let refused = Err(JobError::WouldDeadlock);
            assert!(outcomes == [Ok(Ok(7))] || outcomes == [Ok(refused)]);
        }
    });
    nothing_is_left(&pool);
}
