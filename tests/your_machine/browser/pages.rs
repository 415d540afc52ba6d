//! Every page: it loads, it can be searched, and it is drawn.

use std::fs;
use std::path::Path;

use super::{NEEDS, ROOT, complaints, every_page, reader, unfold};
use crate::run::Test;
use crate::support::files_in;

pub(super) fn tests() -> Vec<Test> {
    let complaints = [
        (
            "error",
            ("<script>throw new Error('broken')</script>", "exception"),
        ),
        (
            "complaint",
            ("<script>console.error('broken')</script>", "console"),
        ),
        (
            "script_that_is_not_there",
            ("<script src='none.js'></script>", "does not load"),
        ),
        (
            "picture_from_elsewhere",
            (
                "<img src='https://example.org/a.png'>",
                "asks https://example.org",
            ),
        ),
        (
            "request_elsewhere",
            (
                "<script>fetch('http://example.org/').catch(() => 0)</script>",
                "asks http://example.org",
            ),
        ),
    ];
    let schemes = [("light", "light"), ("dark", "dark")];
    let mut tests = vec![
        Test::new(
            NEEDS,
            every_page_loads_without_a_complaint_and_asks_nobody_elsewhere,
        ),
        Test::new(NEEDS, search_finds_a_claim),
    ];
    tests.extend(Test::cases(
        NEEDS,
        a_page_that_complains_or_asks_elsewhere_is_seen,
        complaints,
    ));
    tests.extend(Test::cases(
        NEEDS,
        four_pages_are_drawn_in_light_and_dark,
        schemes,
    ));
    tests
}

fn every_page_loads_without_a_complaint_and_asks_nobody_elsewhere() {
    let (mut browser, book) = reader();
    let mut wrong = Vec::new();
    for page in every_page(book) {
        browser.open(&page);
        let found = complaints(&browser.events());
        wrong.extend(
            found
                .iter()
                .map(|words| format!("{}: {words}", page.display())),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn a_page_that_complains_or_asks_elsewhere_is_seen((part, complaint): (&str, &str)) {
    let (mut browser, _) = reader();
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    fs::write(&page, format!("<!DOCTYPE html><title>page</title>{part}")).unwrap();
    browser.open(&page);
    let found = complaints(&browser.events());
    assert!(
        found.iter().any(|words| words.starts_with(complaint)),
        "{found:?}"
    );
}

fn search_finds_a_claim() {
    let (mut browser, book) = reader();
    browser.open(&book.join("index.html"));
    browser.press("s");
    browser.until("document.activeElement.id === 'mdbook-searchbar'");
    browser.write("no further step of that worker begins");
    // The search bar looks when a key comes up.
    browser.press("End");
    let links = "[...document.querySelectorAll('#mdbook-searchresults a')]";
    browser.until(&format!("{links}.length > 0"));
    let found = browser.text(&format!(
        "{links}.map(link => link.getAttribute('href')).join(' ')"
    ));
    let is_chapter =
        |link: &str| link.contains("locked-flags.html") && link.contains("#what-is-promised");
    assert!(found.split(' ').any(is_chapter), "{found}");
}

fn four_pages_are_drawn_in_light_and_dark(scheme: &str) {
    let (mut browser, book) = reader();
    let folder = Path::new(ROOT).join("target/screenshots");
    fs::create_dir_all(&folder).unwrap();
    browser.pretend("", &[("prefers-color-scheme", scheme)]);
    let lost = "const game = document.querySelector('.game'); const press = n => game.querySelectorAll('button')[n].click();
        [0, 1, 0, 1].forEach(press); game.previousElementSibling.scrollIntoView(); scrollBy(0, -60)";
    let stepped = "const box = document.querySelectorAll('.stepper')[0];
        [1, 2, 3, 4].forEach(() => box.querySelectorAll('button')[2].click()); box.previousElementSibling.scrollIntoView(); scrollBy(0, -60)";
    let chosen =
        "[...document.querySelectorAll('.quiz')].pop().querySelectorAll('.choice')[1].open = true;
        document.querySelector('#predict-then-check').scrollIntoView(); scrollBy(0, -60)";
    let zoomed = "const box = document.querySelector('.zoom'); const press = n => box.querySelectorAll('button')[n].click();
        [0, 0].forEach(press); box.querySelector('.picture').focus(); box.previousElementSibling.scrollIntoView(); scrollBy(0, -60)";
    for (page, prepare) in [
        ("lost-update", lost),
        ("event", stepped),
        ("start", chosen),
        ("join", zoomed),
    ] {
        browser.open(&book.join(page).with_extension("html"));
        unfold(&mut browser);
        browser.evaluate(&format!("{{ {prepare} }}"));
        browser.events();
        let picture = folder.join(format!("{page}-{scheme}.png"));
        browser.screenshot(&picture);
        let bytes = fs::read(&picture).unwrap();
        assert!(
            bytes.starts_with(b"\x89PNG") && bytes.len() > 10_000,
            "{}",
            picture.display()
        );
    }
    assert!(files_in(&folder).len() >= 4);
}
