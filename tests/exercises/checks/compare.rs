#[path = "../solutions/compare.rs"]
mod solution;
#[path = "../starters/compare.rs"]
mod starter;

use std::sync::Mutex;
use std::time::Duration;
use threadproof::{Event, Wait};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "compare",
    task: "One long job holds up nobody.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "wait behind a long one",
};

/// The first job is long: it ends when all others are done.
fn check(run: fn(usize, &(dyn Fn(usize) + Sync))) {
    const JOBS: usize = 10;
    let (done, all_others) = (Mutex::new(vec![0; JOBS]), Event::new());
    let (waits, beyond) = (Mutex::new(None), Mutex::new(None));
    run(JOBS, &|number| {
        if number >= JOBS {
            *beyond.lock().expect("nobody panics") = Some(number);
            return;
        }
        if number == 0 {
            let wait = all_others.wait_timeout(Duration::from_secs(1));
            *waits.lock().expect("nobody panics") = Some(wait);
        }
        let mut done = done.lock().expect("nobody panics");
        done[number] += 1;
        if done[1..].iter().all(|times| *times > 0) {
            all_others.set();
        }
    });
    if let Some(number) = beyond.into_inner().expect("nobody panics") {
        panic!(
            "job {number} is done; there are {JOBS} jobs, the last is {}",
            JOBS - 1
        );
    }
    let done = done.into_inner().expect("nobody panics");
    assert_eq!(done, [1; JOBS], "each job is to be done once");
    let waits = waits.into_inner().expect("nobody panics");
    assert!(
        waits == Some(Wait::Set),
        "some jobs wait behind a long one while a thread is idle"
    );
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::super::what_is_wrong;
    use super::check;

    #[test]
    fn who_goes_one_too_far_is_told_so() {
        fn goes_too_far(n_jobs: usize, run: &(dyn Fn(usize) + Sync)) {
            let next = AtomicUsize::new(0);
            std::thread::scope(|scope| {
                for _ in 0..2 {
                    // ORDERING: Relaxed. Each number goes to one thread, whatever else they see.
                    let numbers = || Some(next.fetch_add(1, Ordering::Relaxed));
                    let numbers = std::iter::from_fn(numbers).take_while(|n| *n <= n_jobs);
                    scope.spawn(move || numbers.for_each(run));
                }
            });
        }
        let told = what_is_wrong(|| check(goes_too_far)).expect("it is wrong");
        assert!(told.contains("job 10 is done"), "{told}");
    }
}
