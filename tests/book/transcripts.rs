//! What the book prints is what the program prints.
//!
//! A transcript's first line is the command; the rest is what one real run printed. A run of today
//! has other times, ports and process numbers: both sides are compared after [`masked`] has put the
//! same sign in place of each. And its threads speak in another order: [`by_lane`] puts what each says
//! together. Which order is promised, tests of `tests/process` say. `BLESS=1 cargo test --test book` writes the transcripts anew.

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
    let output = program(command)
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
    let (expected, printed) = (by_lane(&masked(expected)), by_lane(&masked(&printed)));
    assert_eq!(
        expected, printed,
        "{name}: BLESS=1 cargo test --test book writes it anew"
    );
}

fn is_blessed() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// The program. To compare its words a section may count less and sleep less than what the book shows.
fn program(command: &str) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_threadproof"));
    if !is_blessed() && !command.trim_start().starts_with("replay") {
        program.args(["--power", "6", "--interval", "0.05"]);
    }
    program
}

/// Puts signs in place of what differs from run to run and from machine to machine.
fn masked(text: &str) -> String {
    const MASKS: [(&str, &str); 11] = [
        (r"\d+ of 3 files on their way", "N of 3 files on their way"),
        (r"\d+\.\d+ (s|ms|×|billion)", "T $1"),
        (r"ideal \d+\.\d+", "ideal T"),
        (r"pid \d+ *", "pid N "),
        (r"10\^\d+ steps", "10^N steps"),
        (r"\b(look) \d+", "$1 N"),
        (r"\d+ ((?:late )?looks?|workers|cores)\b", "N $1"),
        // Which worker runs which of the four watchers is the scheduler's choice.
        (r"worker-\d", "worker-N"),
        (r"Hello \d ended", "Hello N ended"),
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

/// Puts the lines of a section's lanes together, lane by lane: between lanes the order is the scheduler's
/// choice. A lane's own lines stay as they are, unless it has no name of its own. A look that finds
/// nothing is left out, as there may be any number of them.
fn by_lane(masked: &str) -> String {
    let said = Regex::new(r"^  (\S+(?: N)?) +T s  ").unwrap();
    let lane = |line: &str| said.captures(line).map(|parts| parts[1].to_owned());
    let lines = masked.lines().filter(|line| !line.ends_with("as it was"));
    let mut lines: Vec<&str> = lines.collect();
    for part in lines.chunk_by_mut(|one, next| lane(one).is_some() == lane(next).is_some()) {
        part.sort_by_cached_key(|line| {
            let lane = lane(line);
            let is_nameless = lane.as_ref().is_some_and(|lane| lane.ends_with('N'));
            (lane, is_nameless.then(|| (*line).to_owned()))
        });
    }
    lines.join("\n")
}

/// The README's table, with BLESS=1 too, is that of a run of its first command.
#[test]
fn the_readme_shows_the_closing_table() {
    let path = Path::new(ROOT).join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let output = program("").output().unwrap();
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
fn lanes_may_speak_in_any_order_and_each_only_in_its_own() {
    let told = |lines: &[&str]| by_lane(&masked(&lines.join("\n")));
    let one = [
        "  download-1     0.00 s  a: started",
        "  download-2     0.00 s  b: started",
        "  download-2     0.10 s  b: done",
        "  download-1     0.10 s  a: done",
    ];
    let [a, b, b_done, a_done] = one;
    assert_eq!(told(&one), told(&[b, a, a_done, b_done]));
    assert_ne!(told(&one), told(&[a_done, b, b_done, a]));
    assert_ne!(told(&one), told(&[a, b, b_done]));
    let looks = ["  watcher-1     0.00 s  look 2: a.txt is as it was"];
    assert_eq!(told(&looks), "");
    let workers = ["  pid 11  0.00 s  takes 1", "  pid 12  0.00 s  takes 2"];
    assert_eq!(
        told(&workers),
        told(&["  pid 7  0.01 s  takes 2", "  pid 7  0.01 s  takes 1"])
    );
    assert_ne!(
        told(&workers),
        told(&["  pid 7  0.01 s  takes 2", "  pid 7  0.01 s  takes 3"])
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
