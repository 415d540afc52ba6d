//! Larger worlds, one random walk each: shrinking finds a short one that breaks a promise.

use std::sync::Mutex;

use crate::explore::{readable, tell_story};
use crate::protocol::Outcome;
use crate::world::{SMALL, Size, Step, World};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, proptest};
use proptest::test_runner::TestCaseError;

const LARGE: Size = Size {
    workers: 5,
    maps: &[120, 1, 40, 30, 9],
    faults: 40,
    timeouts: 30,
    requests: 30,
    crashes: 6,
    ..SMALL
};

fn sizes() -> impl Strategy<Value = Size> {
    let over_pipes = (Just(1_u64), Just(true), Just(u64::MAX));
    let shared = (1..200_u64, Just(false), 1..60_u64);
    let size = |((pace, over_pipes, jobs_per_worker), crashes)| Size {
        pace,
        over_pipes,
        jobs_per_worker,
        crashes,
        ..LARGE
    };
    (proptest::prop_oneof![over_pipes, shared], 0..7_u32).prop_map(size)
}

/// Which step is taken: the dice choose a kind first, so that rare things happen and do not prevail.
fn choose(steps: &[Step], dice: u64, is_late: bool) -> Step {
    let is_rare = |step: &&Step| {
        let by_user = matches!(
            step,
            Step::Cancel(_) | Step::KillJob(_) | Step::CancelAll | Step::Close | Step::Kill
        );
        let by_clock = matches!(
            step,
            Step::TimesOut(_) | Step::JobTimesOut(..) | Step::TimesOutLate(_)
        );
        let fault = matches!(
            step,
            Step::Dies(_) | Step::DiesUnknown(_) | Step::CannotStart(_) | Step::SaysGarbage(_)
        );
        by_user || by_clock || fault
    };
    let is_end = |step: &&Step| matches!(step, Step::Close | Step::Kill | Step::CancelAll);
    let rare: Vec<_> = steps
        .iter()
        .filter(is_rare)
        .filter(|step| is_late || !is_end(step))
        .collect();
    let usual: Vec<_> = steps.iter().filter(|step| !is_rare(step)).collect();
    let from = if !rare.is_empty() && (usual.is_empty() || dice.is_multiple_of(12)) {
        rare
    } else {
        usual
    };
    match from.is_empty() {
        false => *from[(dice / 12) as usize % from.len()],
        true => steps[(dice / 12) as usize % steps.len()],
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 2000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_random_walk_keeps_the_promises(
        size in sizes(),
        dice in proptest::collection::vec(any::<u64>(), 0..3000),
        seed in any::<u64>(),
        calm in 0..2500_usize,
    ) {
        let mut world = World::new(&size).map_err(TestCaseError::fail)?;
        let mut story = Vec::new();
        let mut random = seed;
        let mut dice = dice.into_iter();
        loop {
            let steps = world.steps();
            if steps.is_empty() {
                break;
            }
            random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let step = choose(&steps, dice.next().unwrap_or(random >> 17), story.len() >= calm);
            let step = match step {
                Step::Heard(number, _) if random >> 63 == 1 => Step::HeardAll(number),
                step => step,
            };
            story.push(step);
            if let Err(broken) = world.take(step) {
                let from = story.len().saturating_sub(40);
                let told = if from == 0 { tell_story(&size, &story, &broken) } else { readable(&broken) };
                return Err(TestCaseError::fail(told));
            }
            proptest::prop_assert!(story.len() < 20_000, "no end");
        }
        world.check_end().map_err(TestCaseError::fail)?;
        count(&world, story.len());
    }
}

/// What the walks have met so far: whether they go where it hurts.
fn count(world: &World, steps: usize) {
    let mut sums = SUMS.lock().expect("nobody panics with it");
    sums[0] += 1;
    sums[1] += steps as u64;
    for truth in world.truth.values() {
        sums[match truth.outcome {
            Some(Outcome::Answered) => 2,
            Some(Outcome::Crashed { has_begun: true }) => 3,
            Some(Outcome::Crashed { has_begun: false }) => 4,
            Some(Outcome::TimedOut) => 5,
            Some(Outcome::Cancelled) => 6,
            Some(Outcome::Broken) | None => 7,
        }] += 1;
    }
    if sums[0].is_multiple_of(u64::from(cases())) {
        println!(
            "walks, steps, answered, crashed, given up, timed out, cancelled, broken: {sums:?}"
        );
    }
}

static SUMS: Mutex<[u64; 8]> = Mutex::new([0; 8]);

/// The whole number of walks takes half a minute.
fn cases() -> u32 {
    if crate::is_larger() { 2000 } else { 60 }
}
