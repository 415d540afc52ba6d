#[path = "../solutions/beyond.rs"]
mod solution;
#[path = "../starters/beyond.rs"]
mod starter;

use std::process::Command;

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "beyond",
    task: "A command in front of another, and each word stays one.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "the system is asked for a program named",
};

/// Nothing is started: a command can be asked what it would start.
fn check(solve: fn(&[&str], &str, &[&str]) -> Command) {
    let nice: &[&str] = &["nice", "-n", "5"];
    let args = ["--to", "My Pictures"];
    let cases: [(&[&str], &str, &[&str]); 2] = [
        (
            nice,
            "nice",
            &["-n", "5", "/opt/My Tools/thumbnails", "--to", "My Pictures"],
        ),
        (&[], "/opt/My Tools/thumbnails", &args),
    ];
    for (wrapper, program, words) in cases {
        let command = solve(wrapper, "/opt/My Tools/thumbnails", &args);
        let asked = command.get_program();
        assert!(
            !["sh", "bash"].into_iter().any(|shell| asked == shell),
            "a shell cuts this text into words again; no word may be cut"
        );
        assert!(
            asked == program,
            "the system is asked for a program named {asked:?}; it should be asked for {program:?}"
        );
        let found: Vec<_> = command.get_args().collect();
        assert_eq!(found, words, "the arguments of {program}");
    }
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{Command, check};

    #[test]
    fn a_shell_is_refused_for_what_it_does() {
        fn by_a_shell(wrapper: &[&str], program: &str, args: &[&str]) -> Command {
            let mut shell = Command::new("sh");
            shell
                .arg("-c")
                .arg([wrapper, &[program], args].concat().join(" "));
            shell
        }
        let told = what_is_wrong(|| check(by_a_shell)).expect("it is wrong");
        assert!(
            told.contains("a shell cuts this text into words again"),
            "{told}"
        );
    }
}
