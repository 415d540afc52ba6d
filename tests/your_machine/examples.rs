//! The Python programs of the book: each prints what `fixtures/blessed/python` says.
//!
//! `BLESS=1 cargo test --test your_machine examples` writes it anew.

use std::fs;
use std::process::Command;

use crate::needs::Need;
use crate::run::Test;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
/// After the command: the threads may print in another order the next time.
const ANY_ORDER: &str = "   # one order of several";

pub(crate) fn tests() -> Vec<Test> {
    let names = ["lost_update", "channels", "deadlock"];
    let cases = names.map(|name| (name, name));
    Test::cases(
        &[Need::Python],
        a_python_program_prints_what_the_book_shows,
        cases,
    )
}

fn a_python_program_prints_what_the_book_shows(name: &str) {
    let script = format!("book/examples/{name}.py");
    let output = Command::new(Need::Python.program())
        .current_dir(ROOT)
        .arg(&script)
        .output()
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let printed = String::from_utf8(output.stdout).unwrap();

    let path = format!("{ROOT}/fixtures/blessed/python/{name}.txt");
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let (first, expected) = expected.split_once('\n').unwrap_or_default();
    let command = format!("$ python3 {script}");
    if std::env::var_os("BLESS").is_some() {
        let first = if first.is_empty() { &command } else { first };
        fs::write(path, format!("{first}\n{printed}")).unwrap();
        return;
    }
    let is_sorted = first.ends_with(ANY_ORDER);
    assert_eq!(first.trim_end_matches(ANY_ORDER), command);
    let lines = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        if is_sorted {
            lines.sort();
        }
        lines
    };
    assert_eq!(lines(expected), lines(&printed), "{name}");
}
