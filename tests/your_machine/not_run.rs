//! Not run is not passed: what this kind of test says on a machine that has nothing.

use std::env;
use std::process::Command;

use crate::run::Test;

type Words = &'static [&'static str];

/// What a run is given: its arguments, and a variable.
type Given = (Words, Option<(&'static str, &'static str)>);

const PYTHON: &str = "schedule::python_s_threads_tell_the_story_of_the_page";

pub(crate) fn tests() -> Vec<Test> {
    let says: [(&str, (Given, i32, Words)); 5] = [
        (
            "what_is_missing_is_ignored",
            (
                (&[PYTHON], None),
                0,
                &[
                    "ignored (no python3)\n",
                    " 0 passed; 0 failed; 1 ignored;",
                    "\nNot run here: 1 of 1 test. python3 (1): apt install python3. No doctest ran: ",
                ],
            ),
        ),
        (
            "what_is_required_fails",
            (
                (&[PYTHON], Some(("REQUIRE", "all"))),
                101,
                &[
                    "FAILED\n",
                    "\nno python3\n",
                    "\nNot run here, and REQUIRE=all makes that a failure: 1 of 1 test. python3 (1): apt",
                ],
            ),
        ),
        (
            "what_is_named_and_broken_fails",
            (
                (&["search_finds"], Some(("CHROMIUM", "/no/such"))),
                101,
                &["\nCHROMIUM is /no/such, which does not start"],
            ),
        ),
        (
            "what_is_ignored_and_asked_for_fails",
            ((&["--ignored", PYTHON], None), 101, &["\nno python3\n"]),
        ),
        (
            "what_lacks_two_things_says_both",
            (
                (&["search_finds"], Some(("MDBOOK", "/no/such"))),
                101,
                &[
                    "\nMDBOOK is /no/such, which does not start\n",
                    " Chromium (1): apt install chromium, or set CHROMIUM to it. mdBook (1): ",
                ],
            ),
        ),
    ];
    let mut tests = Test::cases(&[], where_there_is_nothing, says);
    tests.push(Test::new(
        &[],
        a_list_marks_what_cannot_run_and_says_no_more,
    ));
    tests.push(Test::new(
        &[],
        a_filter_that_leaves_the_doctests_out_says_so,
    ));
    tests
}

/// Runs this program where no other can be found; what it says, and its exit code.
fn run((arguments, variable): Given) -> (String, Option<i32>) {
    let empty = tempfile::tempdir().unwrap();
    let mut command = Command::new(env::current_exe().unwrap());
    for name in ["CHROMIUM", "MDBOOK", "SLURM_CONF", "REQUIRE"] {
        command.env_remove(name);
    }
    let output = command
        .args(arguments)
        .env("PATH", empty.path())
        .envs(variable)
        .output()
        .unwrap();
    (
        String::from_utf8(output.stdout).unwrap(),
        output.status.code(),
    )
}

fn where_there_is_nothing((given, code, says): (Given, i32, Words)) {
    let (said, ended) = run(given);
    assert_eq!(ended, Some(code), "{said}");
    for words in says {
        assert!(said.contains(words), "{words:?} is not in\n{said}");
    }
}

fn a_list_marks_what_cannot_run_and_says_no_more() {
    let listed = format!("{PYTHON}: test\n");
    for (arguments, expected) in [
        (&["--list", PYTHON] as Words, &*listed),
        (&["--list", "--ignored", PYTHON], &listed),
        (&["--list", "--ignored", "doctests"], ""),
    ] {
        assert_eq!(run((arguments, None)), (expected.to_owned(), Some(0)));
    }
    let required = Some(("REQUIRE", "all"));
    let (said, _) = run((&["--list", "--ignored", PYTHON], required));
    assert_eq!(said, "", "it is not ignored, for it will fail");
}

fn a_filter_that_leaves_the_doctests_out_says_so() {
    let (said, code) = run((&["no such test"], None));
    assert_eq!(code, Some(0));
    let last = said.trim_end().lines().last().unwrap();
    assert_eq!(last, "No doctest ran: cargo test --doc NAME.");
}
