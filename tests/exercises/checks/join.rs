#[path = "../solutions/join.rs"]
mod solution;
#[path = "../starters/join.rs"]
mod starter;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use threadproof::{Event, JoinError, Wait};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "join",
    task: "Start all, then join all.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "part 0 waited for the others",
};

type Part = Box<dyn FnOnce() -> u32 + Send>;

fn check(run: fn(Vec<Part>) -> Result<Vec<u32>, JoinError>) {
    let here = Arc::new(AtomicUsize::new(0));
    let all_here = Arc::new(Event::new());
    let part = |number: u32| -> Part {
        let (here, all_here) = (here.clone(), all_here.clone());
        Box::new(move || {
            // ORDERING: Relaxed. Only the number counts; the event hands over the rest.
            if here.fetch_add(1, Ordering::Relaxed) == 2 {
                all_here.set();
            }
            let met = all_here.wait_timeout(Duration::from_secs(1));
            assert!(
                met == Wait::Set,
                "part {number} waited for the others in vain"
            );
            number
        })
    };
    match run(vec![part(0), part(1), part(2)]) {
        Ok(outputs) => assert_eq!(outputs, [0, 1, 2], "the order is that of the parts"),
        Err(error) => panic!("{error}"),
    }
}
