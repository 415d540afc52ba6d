#[path = "../solutions/lost_update.rs"]
mod solution;
#[path = "../starters/lost_update.rs"]
mod starter;

use std::collections::HashMap;
use std::sync::Mutex;
use std::thread;

use super::{Exercise, words_of};

pub(super) const EXERCISE: Exercise = Exercise {
    name: "lost-update",
    task: "Four threads count into one map, and no count is lost.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "are lost",
};

fn check(count: fn(&Mutex<HashMap<&'static str, u32>>, &[&'static str])) {
    let counts = Mutex::new(HashMap::new());
    let text = ["to", "be", "or", "not", "to", "be"].repeat(2_000);
    let ends = thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| count(&counts, &text)));
        threads.map(|thread| thread.join())
    });
    let panics = ends.iter().filter_map(|end| end.as_ref().err());
    for words in panics.map(|payload| words_of(&**payload)) {
        assert!(
            !words.contains("WouldBlock"),
            "a thread found the lock taken and panicked; it should wait"
        );
    }
    if let Some(payload) = ends.into_iter().find_map(Result::err) {
        std::panic::resume_unwind(payload);
    }
    let counts = counts.into_inner().expect("nobody panics");
    let counted: u32 = counts.values().sum();
    let wrong = match counted.checked_sub(48_000) {
        Some(beyond) => format!("{beyond} words too many are counted"),
        None => format!("{} of 48000 words are lost", 48_000 - counted),
    };
    assert_eq!(counted, 48_000, "{wrong}");
    assert_eq!(counts["to"], 16_000, "the words are counted one by one");
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{HashMap, Mutex, check};
    use std::sync::Barrier;

    #[test]
    fn who_counts_too_much_is_told_so() {
        fn counts_twice(counts: &Mutex<HashMap<&'static str, u32>>, words: &[&'static str]) {
            for word in words {
                *counts.lock().unwrap().entry(word).or_insert(0) += 2;
            }
        }
        let told = what_is_wrong(|| check(counts_twice)).expect("it is wrong");
        assert!(told.contains("48000 words too many"), "{told}");
    }

    #[test]
    fn who_does_not_wait_for_the_lock_is_told_so() {
        static ALL_HAVE_TRIED: Barrier = Barrier::new(4);
        fn does_not_wait(counts: &Mutex<HashMap<&'static str, u32>>, words: &[&'static str]) {
            let mut counts = counts.try_lock();
            ALL_HAVE_TRIED.wait();
            for word in words {
                *counts.as_mut().unwrap().entry(word).or_insert(0) += 1;
            }
        }
        let told = what_is_wrong(|| check(does_not_wait)).expect("it is wrong");
        assert!(told.contains("found the lock taken and panicked"), "{told}");
    }
}
