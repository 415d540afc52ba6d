//! The page "All claims" is made of what the chapters promise, the breaks and the models.
//!
//! `BLESS=1 cargo test --test book` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::complaints::Complaints;
use crate::pages::{Book, claim_id, proofs_in};

const FIXTURE: &str = "fixtures/blessed/claims.md";

/// A claim as the chapters make it, perhaps in several rows and places.
#[derive(Default)]
struct Claim {
    promises: Vec<String>,
    /// How they are proved, each way once.
    ways: Vec<String>,
    proofs: BTreeSet<String>,
    chapter: Option<PathBuf>,
    breaks: usize,
}

/// `(event, 7)` for `E7`, so that the page has the order of the sections.
fn place(id: &str) -> (usize, u32) {
    const FAMILIES: [&str; 10] = ["D", "J", "A", "E", "W", "K", "S", "P", "X", "C"];
    let (family, number) = id.split_at(id.find(char::is_numeric).unwrap_or(id.len()));
    let family = FAMILIES.iter().position(|known| *known == family);
    (
        family.unwrap_or(FAMILIES.len()),
        number.parse().unwrap_or(0),
    )
}

/// The cells of a row; a bar in code is written `\|`.
fn cells(row: &str) -> Vec<String> {
    let row = row.replace(r"\|", "\u{1}");
    let cells = row.trim().trim_matches('|').split('|');
    cells
        .map(|cell| cell.trim().replace('\u{1}', r"\|"))
        .collect()
}

fn claims(book: &Book) -> BTreeMap<(usize, u32), (String, Claim)> {
    let mut claims: BTreeMap<_, (String, Claim)> = BTreeMap::new();
    for page in &book.pages {
        let is_chapter = page.path.starts_with("book/src");
        let is_list = page.path.starts_with("fixtures") && page.path.ends_with("list.md");
        for (_, words) in page.prose().filter(|_| is_chapter || is_list) {
            let Some(id) = claim_id(words) else { continue };
            let entry = claims.entry(place(id)).or_default();
            entry.0 = id.to_owned();
            let claim = &mut entry.1;
            if is_list {
                claim.breaks += 1;
                continue;
            }
            let row = cells(words);
            for (all, told) in [
                (&mut claim.promises, vec![row[1].as_str()]),
                (&mut claim.ways, row[2].split("; ").collect()),
            ] {
                for one in told {
                    if !all.iter().any(|known| known == one) {
                        all.push(one.to_owned());
                    }
                }
            }
            let proofs = proofs_in(words).into_iter();
            claim
                .proofs
                .extend(proofs.map(|(file, test)| format!("{file}::{test}")));
            claim.chapter.get_or_insert_with(|| page.path.clone());
        }
    }
    claims
}

/// Schedules by the model's name in the proofs: of a model, or of all the programs of a test.
fn schedules(book: &Book) -> BTreeMap<String, u64> {
    let mut schedules = BTreeMap::new();
    let mut add = |proof: String, number: &str| {
        if let Ok(number) = number.parse::<u64>() {
            *schedules.entry(proof).or_default() += number;
        }
    };
    let lines = |table: &str| {
        let path = format!("fixtures/blessed/mutants/{table}.md");
        let text = book.text(&path).unwrap_or_default().to_owned();
        text.lines().map(cells).collect::<Vec<_>>()
    };
    for row in lines("models") {
        if let Some((file, test)) = row[0].rsplit_once("::") {
            let file = file.replace("::", "/");
            add(format!("tests/loom/{file}.rs::{test}"), &row[2]);
        }
    }
    for row in lines("programs").iter().filter(|row| row.len() == 6) {
        add(row[5].trim_matches('`').to_owned(), &row[4]);
    }
    schedules
}

fn page(book: &Book) -> String {
    let models = schedules(book);
    let mut page =
        "| id | promise | how it is proved | proofs | schedules | breaks |\n| --- | --- | --- | --- | --- | --- |\n"
            .to_owned();
    for (id, claim) in claims(book).values() {
        let chapter = claim.chapter.as_deref().unwrap_or(Path::new(""));
        let chapter = chapter.file_name().unwrap_or_default().display();
        let proofs: Vec<String> = claim
            .proofs
            .iter()
            .map(|proof| format!("`{proof}`"))
            .collect();
        let explored: u64 = claim
            .proofs
            .iter()
            .filter_map(|proof| models.get(proof))
            .sum();
        let or_dash = |number: u64| match number {
            0 => "–".to_owned(),
            number => number.to_string(),
        };
        page += &format!(
            "| {id} | {} ([chapter]({chapter})) | {} | {} | {} | {} |\n",
            claim.promises.join("; "),
            claim.ways.join("; "),
            proofs.join("<br>"),
            or_dash(explored),
            or_dash(claim.breaks as u64),
        );
    }
    page
}

#[test]
fn the_page_of_all_claims_has_what_the_chapters_promise() {
    let book = Book::here();
    let found = page(&book);
    let path = book.root.join(FIXTURE);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, &found).unwrap();
    }
    let there = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        there == found,
        "{FIXTURE} is out of step; BLESS=1 cargo test --test book writes it"
    );
    assert!(found.lines().count() > 50, "{found}");
}

/// The kinds of proof of a table's row, without what limits them: `every order, within a bound` is
/// `every order`.
fn kinds_of_proof(words: &str) -> Vec<String> {
    let is_row = words.trim_start().starts_with('|');
    let row = if is_row { cells(words) } else { Vec::new() };
    let [_, _, how, proofs] = row.as_slice() else {
        return Vec::new();
    };
    if proofs_in(proofs).is_empty() {
        return Vec::new();
    }
    let ways = how.split(';').filter_map(|way| way.split(',').next());
    ways.map(|kind| kind.trim().to_owned()).collect()
}

fn kinds_are_explained(book: &Book) -> Complaints {
    let claims = book.text("book/src/claims.md").unwrap_or_default();
    let table = claims
        .lines()
        .skip_while(|line| !line.starts_with("| kind of proof"));
    let table = table.take_while(|line| line.starts_with('|'));
    let explained: BTreeSet<String> = table.map(|row| cells(row)[0].clone()).collect();
    let mut wrong = Complaints::default();
    let chapters = book
        .pages
        .iter()
        .filter(|page| page.path.starts_with("book/src"));
    for page in chapters {
        for (line, words) in page.prose() {
            for kind in kinds_of_proof(words)
                .iter()
                .filter(|kind| !explained.contains(*kind))
            {
                let complaint = format!("claims.md does not explain the kind of proof {kind:?}");
                wrong.add(&page.path, line, complaint);
            }
        }
    }
    wrong
}

#[test]
fn each_kind_of_proof_is_explained() {
    kinds_are_explained(&Book::here()).expect_none();
    let row = "| – | it holds | every order, within a bound; a guess | `tests/loom/a.rs::holds` |";
    assert_eq!(kinds_of_proof(row), ["every order", "a guess"]);
    assert!(kinds_of_proof("| a | b | c | d |").is_empty());
}

#[test]
fn a_claim_is_gathered_from_all_its_rows() {
    let cells = cells(r"| E1 | a \| b | `x` |");
    assert_eq!(cells, ["E1", r"a \| b", "`x`"]);
    let order = ["E2", "P1", "D12", "E10", "D2"];
    let mut sorted = order;
    sorted.sort_by_key(|id| place(id));
    assert_eq!(sorted, ["D2", "D12", "E2", "E10", "P1"]);
}
