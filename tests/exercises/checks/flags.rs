#[path = "../solutions/flags.rs"]
mod solution;
#[path = "../starters/flags.rs"]
mod starter;

use threadproof::StopFlags;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "flags",
    task: "Stop a list of watchers; a misspelt name is reported, and the others are stopped.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "nobody was told",
};

fn check(stop: fn(&StopFlags<&'static str>, &[&'static str]) -> Vec<&'static str>) {
    let flags = StopFlags::new(["a.txt", "b.txt", "c.txt"]);
    let unknown = stop(&flags, &["a.txt", "d.txt", "b.txt", "a.txt"]);
    assert_eq!(flags.is_stopped("a.txt"), Ok(true), "a.txt runs on");
    assert_eq!(
        flags.is_stopped("b.txt"),
        Ok(true),
        "b.txt comes after the misspelt name and runs on"
    );
    assert_eq!(
        flags.is_stopped("c.txt"),
        Ok(false),
        "nobody asked c.txt to stop"
    );
    assert!(
        !unknown.contains(&"a.txt"),
        "a.txt is there twice, and its watcher was stopped already: it is not misspelt"
    );
    assert_eq!(unknown, ["d.txt"], "d.txt is misspelt, and nobody was told");
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::check;

    #[test]
    fn who_takes_a_second_stop_for_a_misspelt_name_is_told_so() {
        let told = what_is_wrong(|| {
            check(|flags, names| {
                let is_unknown = |name: &&str| !flags.stop(name).unwrap_or(false);
                names.iter().copied().filter(is_unknown).collect()
            });
        });
        let told = told.expect("it is wrong");
        assert!(told.contains("stopped already"), "{told}");
    }
}
