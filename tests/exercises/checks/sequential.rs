#[path = "../solutions/sequential.rs"]
mod solution;
#[path = "../starters/sequential.rs"]
mod starter;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "sequential",
    task: "One failure must not hide the other outcomes.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "the third file was not even tried",
};

type Outcome = Result<usize, String>;
type Fetch<'a> = &'a dyn Fn(&str) -> Outcome;

fn check(fetch_all: fn(&[&str], Fetch<'_>) -> Vec<Outcome>) {
    let fetch = |name: &str| match name {
        "b.png" => Err("b.png is missing".to_owned()),
        _ => Ok(name.len()),
    };
    let outcomes = fetch_all(&["a.png", "b.png", "long.png"], &fetch);
    assert!(outcomes.len() > 2, "the third file was not even tried");
    let expected = [Ok(5), Err("b.png is missing".to_owned()), Ok(8)];
    assert_eq!(
        outcomes, expected,
        "the outcomes are not those of the files"
    );
}
