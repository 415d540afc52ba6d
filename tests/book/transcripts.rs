//! What the book prints is what the program prints.
//!
//! A transcript's first line is the command; the rest is what one real run printed. A run of today
//! has other times, ports and process numbers: both sides are compared after [`masked`] has put the
//! same sign in place of each. `BLESS=1 cargo test --test book` writes the transcripts anew.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use rstest::rstest;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

#[rstest]
fn a_chapter_shows_what_its_command_prints(
    #[files("fixtures/blessed/expected/*.txt")] transcript: PathBuf,
) {
    let name = transcript
        .strip_prefix(ROOT)
        .unwrap_or(&transcript)
        .display();
    let expected = fs::read_to_string(&transcript).unwrap();
    let (first, expected) = expected.split_once('\n').unwrap_or((&expected, ""));
    let command = first.strip_prefix("$ threadproof").unwrap_or_else(|| {
        panic!("{name}: the first line is the command, `$ threadproof …`");
    });
    let output = program()
        .args(command.split_whitespace())
        .env_remove("http_proxy")
        .output()
        .unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    if is_blessed() {
        fs::write(&transcript, format!("{first}\n{printed}")).unwrap();
        return;
    }
    let (expected, printed) = (masked(expected), masked(&printed));
    assert_eq!(
        expected, printed,
        "{name}: BLESS=1 cargo test --test book writes it anew"
    );
}

fn is_blessed() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// The program. To compare its words it may count less and sleep less than what the book shows.
fn program() -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_threadproof"));
    if !is_blessed() {
        program.args(["--power", "6", "--interval", "0.05"]);
    }
    program
}

/// Puts signs in place of what differs from run to run and from machine to machine.
fn masked(text: &str) -> String {
    const MASKS: [(&str, &str); 10] = [
        (r"\d+ of 3 files were still", "N of 3 files were still"),
        (r"\d+\.\d+ (s|ms|×|billion)", "T $1"),
        (r"ideal \d+\.\d+", "ideal T"),
        (r"pid \d+ *", "pid N "),
        (r"10\^\d+ steps", "10^N steps"),
        (r"\d+ (looks?|of them|workers|cores)\b", "N $1"),
        // Which worker runs which of the four watchers is the scheduler's choice.
        (r"worker-\d", "worker-N"),
        (r"Hello \d had ended", "Hello N had ended"),
        (
            r"(threads|processes) (were T × as fast as|and) (threads|processes).*",
            "VERDICT",
        ),
        (r" +T", " T"),
    ];
    MASKS.iter().fold(text.to_owned(), |text, (pattern, sign)| {
        Regex::new(pattern)
            .unwrap()
            .replace_all(&text, *sign)
            .into_owned()
    })
}

/// The README's table, with BLESS=1 too, is that of a run of its first command.
#[test]
fn the_readme_shows_the_closing_table() {
    let path = Path::new(ROOT).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let output = program().output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    let table = printed
        .split("  §  section")
        .nth(1)
        .expect("the tour ends with its table");
    let (before, rest) = readme
        .split_once("```text\n  §  section")
        .expect("the README's table");
    let (shown, after) = rest.split_once("```").unwrap();
    if is_blessed() {
        fs::write(
            &path,
            format!("{before}```text\n  §  section{table}```{after}"),
        )
        .unwrap();
        return;
    }
    let plain = |table: &str| {
        let table = Regex::new(r"\d+\.\d+")
            .unwrap()
            .replace_all(table, "T")
            .into_owned();
        Regex::new(" +")
            .unwrap()
            .replace_all(&masked(&table), " ")
            .into_owned()
    };
    assert_eq!(
        plain(shown),
        plain(table),
        "BLESS=1 cargo test --test book writes it anew"
    );
}

#[test]
fn a_mask_hides_times_and_nothing_else() {
    let one = masked("  pid 4242    0.11 s  joined.png: whole, 199865 bytes");
    let two = masked("  pid 99      0.42 s  joined.png: whole, 199865 bytes");
    assert_eq!(one, two);
    assert_ne!(
        one,
        masked("  pid 99      0.42 s  joined.png: whole, 199864 bytes")
    );
    assert_ne!(
        one,
        masked("  pid 99      0.42 s  cut-off.png: whole, 199865 bytes")
    );
}
