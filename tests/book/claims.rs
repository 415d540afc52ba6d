//! The page "All claims" is made of what the chapters promise, the breaks and the models.
//!
//! `BLESS=1 cargo test --test book` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::complaints::Complaints;
use crate::pages::{Book, claim_id, proofs_in};

const FIXTURE: &str = "fixtures/blessed/claims.md";
const EVERY_ORDER: &str = "every order";

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
    for (_, claim) in claims.values_mut() {
        // One row has every order, another one a bound: together they have a bound.
        if claim.ways.iter().any(|way| way.contains(" preemptions")) {
            claim.ways.retain(|way| way != EVERY_ORDER);
        }
    }
    claims
}

/// The rows of a blessed table about the models.
fn rows_of(book: &Book, table: &str) -> Vec<Vec<String>> {
    let path = format!("fixtures/blessed/mutants/{table}.md");
    let text = book.text(&path).unwrap_or_default();
    text.lines().map(cells).collect()
}

/// The test of a model, as the proofs name it. Of a small program several versions are models.
fn test_of_model(name: &str) -> Option<String> {
    let (file, test) = name.rsplit_once("::")?;
    let test = test.split(',').next().unwrap_or(test).replace('-', "_");
    Some(format!("tests/loom/{}.rs::{test}", file.replace("::", "/")))
}

/// Schedules by the model's name in the proofs: of a model, or of all the programs of a test.
fn schedules(book: &Book) -> BTreeMap<String, u64> {
    let mut schedules = BTreeMap::new();
    let mut add = |proof: String, number: &str| {
        if let Ok(number) = number.parse::<u64>() {
            *schedules.entry(proof).or_default() += number;
        }
    };
    for row in rows_of(book, "models") {
        if let Some(test) = test_of_model(&row[0]) {
            add(test, &row[2]);
        }
    }
    for row in rows_of(book, "programs")
        .iter()
        .filter(|row| row.len() == 6)
    {
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

/// Of each model that has a bound: its test, and how often a schedule of it may preempt.
fn bounds(book: &Book) -> BTreeMap<String, BTreeSet<u32>> {
    let mut bounds = BTreeMap::<_, BTreeSet<_>>::new();
    for row in rows_of(book, "models") {
        if let (Some(test), Ok(bound)) = (test_of_model(&row[0]), row[1].parse()) {
            bounds.entry(test).or_default().insert(bound);
        }
    }
    bounds
}

/// What a row has to say of the bounds of its models, if it does not say it. The models in
/// `tests/loom/programs` are of another kind, whose bounds stand in its own table.
fn bound_left_out(words: &str, bounds: &BTreeMap<String, BTreeSet<u32>>) -> Option<String> {
    let row = cells(words);
    let [_, _, how, proofs] = row.as_slice() else {
        return None;
    };
    let tests = proofs_in(proofs).into_iter();
    let tests = tests.filter(|(file, _)| !file.starts_with("tests/loom/programs"));
    let of_row: BTreeSet<u32> = tests
        .filter_map(|(file, test)| bounds.get(&format!("{file}::{test}")))
        .flatten()
        .copied()
        .collect();
    let numbers: Vec<String> = of_row.iter().map(u32::to_string).collect();
    let is_told = |way: &str| match &numbers[..] {
        [] => !way.contains(" preemptions"),
        some => way.contains(&format!("with at most {} preemptions", some.join(" or "))),
    };
    let mut ways = how.split(';').map(str::trim);
    let has_way = numbers.is_empty() || how.contains(EVERY_ORDER);
    let are_told = ways.all(|way| !way.starts_with(EVERY_ORDER) || is_told(way));
    (!has_way || !are_told).then(|| match &numbers[..] {
        [] => "no model of this row has a bound; say plainly \"every order\"".to_owned(),
        some => format!(
            "models of this row have a bound; say \"every order, with at most {} preemptions\"",
            some.join(" or ")
        ),
    })
}

#[test]
fn every_order_within_a_bound_is_not_called_every_order() {
    let book = Book::here();
    let bounds = bounds(&book);
    assert!(bounds.len() > 20, "{bounds:?}");
    let mut wrong = Complaints::default();
    for page in book.chapters() {
        let rows = page.prose().filter(|(_, words)| words.starts_with('|'));
        for (line, words) in rows {
            if let Some(complaint) = bound_left_out(words, &bounds) {
                wrong.add(&page.path, line, complaint);
            }
        }
    }
    wrong.expect_none();
}

#[test]
fn a_bound_is_told_with_its_number() {
    let tests = ["two", "three"].map(|test| format!("tests/loom/a.rs::{test}"));
    let bounds = tests.into_iter().zip([2, 3].map(|n| BTreeSet::from([n])));
    let bounds = bounds.collect();
    let left_out = |how: &str, tests: &[&str]| {
        let proofs: Vec<_> = tests
            .iter()
            .map(|test| format!("`tests/loom/a.rs::{test}`"))
            .collect();
        let row = format!("| – | it holds | {how} | {} |", proofs.join("<br>"));
        bound_left_out(&row, &bounds)
    };
    let some = "every order, some with at most 2 or 3 preemptions; one case";
    assert_eq!(left_out(some, &["two", "three", "free"]), None);
    assert_eq!(left_out("one case; every order", &["free"]), None);
    let told = left_out("every order", &["two"]).expect("it has a bound");
    assert!(told.contains("with at most 2 preemptions"), "{told}");
    assert!(left_out("every order, with at most 3 preemptions", &["two"]).is_some());
    assert!(left_out("every order, with at most 3 preemptions", &["free"]).is_some());
    assert!(left_out("one case", &["two"]).is_some());
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
