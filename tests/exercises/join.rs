//! Start all, then join all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use threadproof::{Event, JoinError, Running, Wait, start};

// ANCHOR: starter
type Part = Box<dyn FnOnce() -> u32 + Send>;

/// Runs every part on a thread of its own, all at once.
/// Gives their outputs in the order of the parts.
fn starter(parts: Vec<Part>) -> Result<Vec<u32>, JoinError> {
    let mut outputs = Vec::new();
    for part in parts {
        let running = start("part", part).expect("a thread can be started");
        // Your turn: who is running while this waits?
        outputs.push(running.join()?);
    }
    Ok(outputs)
}
// ANCHOR_END: starter

// ANCHOR: solution
fn solution(parts: Vec<Part>) -> Result<Vec<u32>, JoinError> {
    let start = |part| start("part", part).expect("a thread can be started");
    // `collect` is what starts them: an iterator does nothing until it is asked.
    let running: Vec<Running<u32>> = parts.into_iter().map(start).collect();
    running.into_iter().map(Running::join).collect()
}
// ANCHOR_END: solution

// ANCHOR: test
fn test(run: fn(Vec<Part>) -> Result<Vec<u32>, JoinError>) {
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
            assert_eq!(met, Wait::Set, "part {number} waited for the others");
            number
        })
    };
    assert_eq!(run(vec![part(0), part(1), part(2)]), Ok(vec![0, 1, 2]));
}
// ANCHOR_END: test

#[test]
fn the_starter_fails_and_the_solution_passes() {
    let because = "part 0 waited for the others";
    super::exercise("join", || test(starter), because, || test(solution));
}
