#[path = "../solutions/sequential.rs"]
mod solution;
#[path = "../starters/sequential.rs"]
mod starter;

use std::cell::RefCell;

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
    let tried = RefCell::new(Vec::new());
    let fetch = |name: &str| {
        tried.borrow_mut().push(name.to_owned());
        match name {
            "b.png" => Err("b.png is missing".to_owned()),
            _ => Ok(name.len()),
        }
    };
    let outcomes = fetch_all(&["a.png", "b.png", "long.png"], &fetch);
    assert!(
        tried.borrow().iter().any(|name| name == "long.png"),
        "the third file was not even tried"
    );
    let n = outcomes.len();
    assert!(
        n == 3,
        "each file is to have an outcome: there are {n} of 3"
    );
    let expected = [Ok(5), Err("b.png is missing".to_owned()), Ok(8)];
    assert_eq!(
        outcomes, expected,
        "the outcomes are not those of the files"
    );
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{Fetch, Outcome, check};

    #[test]
    fn who_tries_all_and_leaves_the_failure_out_is_told_so() {
        fn leaves_it_out(names: &[&str], fetch: Fetch<'_>) -> Vec<Outcome> {
            let outcomes = names.iter().map(|name| fetch(name));
            outcomes.filter(Result::is_ok).collect()
        }
        let told = what_is_wrong(|| check(leaves_it_out)).expect("it is wrong");
        assert!(told.contains("there are 2 of 3"), "{told}");
    }
}
