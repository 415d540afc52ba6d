//! In every sequence of events? The pool's protocol against an adversary that tries them all (claim X12).
//!
//! | run | does |
//! |---|---|
//! | `cargo test --test simulation` | the smallest worlds whole, some random walks, three broken versions |
//! | `SIMULATION=larger cargo test --test simulation` | more than a million states, more walks, all broken versions |
//! | `SIMULATION=everything cargo test --test simulation` | the four largest worlds too: half an hour and 2 GB |
//!
//! Each larger run compiles this very program anew, optimised. `BLESS=1` beside it writes what the
//! book shows: the number of states and sequences, and the story of each broken version.

// Under loom only the models run: `tests/loom`.
#![cfg(not(loom))]

#[cfg(not(alone))]
mod broken;
mod explore;
mod sizes;
#[cfg(not(alone))]
mod walks;
mod world;

#[path = "../../src/process_pool"]
#[allow(dead_code, reason = "the driver asks it for the report")]
mod process_pool {
    pub(crate) mod protocol;
}

use process_pool::protocol;

use crate::explore::{explore, shortest, tell_story};
use crate::sizes::sizes;

/// `SIMULATION=larger`, as in `.ci/run`, or `everything`.
#[cfg(not(alone))]
fn is_larger() -> bool {
    std::env::var("SIMULATION").is_ok_and(|size| ["larger", "everything"].contains(&size.as_str()))
}

/// Explores one world; gives its row in the book's table.
fn row(name: &str) -> String {
    let sizes = sizes();
    let (_, size) = sizes
        .iter()
        .find(|(other, _)| *other == name)
        .unwrap_or_else(|| panic!("no size is named {name}"));
    match explore(size) {
        Ok(found) => format!(
            "| {name} | {} | {:.1e} | {} | {} |",
            found.states, found.sequences, found.ends, found.longest
        ),
        Err(story) => {
            let short = shortest(size, 3_000_000);
            let story = short.map_or(story, |(story, broken)| tell_story(size, &story, &broken));
            panic!("{name}:\n{story}");
        }
    }
}

/// What a copy of this program is asked: one world by name, or the shortest story of a broken version.
#[cfg(alone)]
#[test]
fn what_is_asked() {
    let asked = std::env::var("ASKED").expect("it is asked something");
    if asked != "story" {
        return println!("FOUND {}", row(&asked));
    }
    for (name, size) in sizes() {
        if name.contains("everything") {
            continue;
        }
        if let Some((story, broken)) = shortest(&size, 1_500_000) {
            return println!(
                "STORY {name}\n{}STORY END",
                tell_story(&size, &story, &broken)
            );
        }
    }
    println!("STORY none\nSTORY END");
}
