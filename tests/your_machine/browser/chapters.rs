//! Whole programs, predictions and words, on a large page and on a small one.

use serde_json::json;

use super::everybody::{THEMES, can_be_read};
use super::{NEEDS, every_page, pages_with, reader};
use crate::run::Test;

pub(super) fn tests() -> Vec<Test> {
    let widths = [("desktop", 1280), ("phone", 390)];
    let mut tests = vec![
        Test::new(NEEDS, every_command_has_a_button_that_copies_it),
        Test::new(
            NEEDS,
            each_promise_is_a_card_with_the_commands_of_its_proofs,
        ),
        Test::new(NEEDS, all_claims_can_be_filtered_by_words_and_by_kinds),
        Test::new(NEEDS, of_the_answers_of_a_question_one_is_open_at_a_time),
        Test::new(NEEDS, what_a_finger_touches_on_a_phone_has_room_for_it),
        Test::new(
            NEEDS,
            the_meaning_of_a_word_comes_with_the_focus_and_goes_with_escape,
        ),
        Test::new(NEEDS, no_page_with_a_question_is_longer_than_six_screens),
        Test::new(NEEDS, no_inside_that_is_folded_is_longer_than_three_screens),
        Test::new(NEEDS, a_chapter_can_be_read_in_every_theme),
        Test::new(NEEDS, code_that_goes_on_beyond_its_edge_has_a_shadow_there),
    ];
    tests.extend(Test::cases(NEEDS, no_page_scrolls_sideways, widths));
    tests
}

/// The height of a window, and how many of them a page may fill with its folds closed.
const SCREEN: usize = 900;
const MOST_SCREENS: usize = 6;

fn no_page_with_a_question_is_longer_than_six_screens() {
    let (mut browser, book) = reader();
    let size = json!({ "width": 1280, "height": SCREEN, "deviceScaleFactor": 1, "mobile": false });
    browser.call("Emulation.setDeviceMetricsOverride", size);
    let mut wrong = Vec::new();
    // The pages that teach; those about proofs are for looking things up.
    let is_proof = |page: &&std::path::PathBuf| {
        ["loom.html", "print.html"]
            .iter()
            .any(|name| page.ends_with(name))
    };
    for page in pages_with(book, "class=\"quiz\"")
        .iter()
        .filter(|page| !is_proof(page))
    {
        browser.open(page);
        let height = browser
            .number("Math.round(document.querySelector('main').getBoundingClientRect().height)");
        if height > MOST_SCREENS * SCREEN {
            wrong.push(format!("{}: {height} px", page.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A longer one is a page of its own.
const MOST_SCREENS_OF_A_FOLD: usize = 3;

fn no_inside_that_is_folded_is_longer_than_three_screens() {
    let (mut browser, book) = reader();
    let size = json!({ "width": 1280, "height": SCREEN, "deviceScaleFactor": 1, "mobile": false });
    browser.call("Emulation.setDeviceMetricsOverride", size);
    let (mut wrong, mut n_folds) = (Vec::new(), 0);
    for page in pages_with(book, "<summary>Inside")
        .iter()
        .filter(|page| !page.ends_with("print.html"))
    {
        browser.open(page);
        browser.evaluate(
            "insides = [...document.querySelectorAll('main .layer')] \
             .filter(fold => fold.querySelector('summary').textContent.startsWith('Inside')); \
             for (const fold of insides) fold.open = true",
        );
        n_folds += browser.number("insides.length");
        let longest =
            "Math.round(Math.max(...insides.map(fold => fold.getBoundingClientRect().height)))";
        let height = browser.number(longest);
        if height > MOST_SCREENS_OF_A_FOLD * SCREEN {
            wrong.push(format!("{}: {height} px", page.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n_folds >= 5, "{n_folds} folds");
}

/// What is wider than its page.
const TOO_WIDE: &str = "[...document.querySelectorAll('main *')].filter(part => \
    part.checkVisibility() && part.getBoundingClientRect().right > innerWidth + 1 && \
    !part.closest('pre, .table-wrapper, .picture, svg, .vh')).slice(0, 3) \
    .map(part => part.outerHTML.slice(0, 120)).join(' and ')";

fn no_page_scrolls_sideways(width: u32) {
    let (mut browser, book) = reader();
    let size = json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
    browser.call("Emulation.setDeviceMetricsOverride", size);
    let mut wrong = Vec::new();
    for page in every_page(book) {
        browser.open(&page);
        browser.evaluate("for (const fold of document.querySelectorAll('main details:not([name])')) fold.open = true");
        let is_sound = "document.scrollingElement.scrollWidth <= innerWidth";
        let too_wide = browser.text(TOO_WIDE);
        if !browser.is(is_sound) || !too_wide.is_empty() {
            wrong.push(format!("{}: {too_wide}", page.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn code_that_goes_on_beyond_its_edge_has_a_shadow_there() {
    let (mut browser, book) = reader();
    let size = json!({ "width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": false });
    browser.call("Emulation.setDeviceMetricsOverride", size);
    browser.open(&book.join("deadlock.html"));
    browser.evaluate("code = document.querySelector('.listing pre > code')");
    assert!(browser.is("code.scrollWidth > code.clientWidth"));
    let shadow = "getComputedStyle(code).boxShadow.includes('inset')";
    browser.until(shadow);
    browser.evaluate("code.scrollLeft = code.scrollWidth");
    browser.until(&format!("!{shadow}"));
}

fn every_command_has_a_button_that_copies_it() {
    let (mut browser, book) = reader();
    browser.open(&book.join("three-minutes.html"));
    let commands = browser.number("document.querySelectorAll('main .cmd > code').length");
    let buttons = browser.number("document.querySelectorAll('main .cmd > code + button').length");
    assert!(commands >= 7, "{commands}");
    assert_eq!(commands, buttons);
    browser.evaluate(
        "copied = ''; Object.defineProperty(navigator, 'clipboard', { configurable: true, value: \
         { writeText: async words => { copied = words; } } }); \
         document.querySelector('main .cmd button').click()",
    );
    browser.until("document.querySelector('main .cmd button').textContent === 'Copied'");
    assert_eq!(browser.text("copied"), "cargo run --example three_minutes");
}

fn each_promise_is_a_card_with_the_commands_of_its_proofs() {
    let (mut browser, book) = reader();
    browser.open(&book.join("flags.html"));
    let rows = browser.number("document.querySelectorAll('main .as-cards tbody tr').length");
    let cards = browser.number("document.querySelectorAll('main .promise').length");
    assert!(rows >= 3, "{rows} rows");
    assert_eq!(rows, cards);
    let proofs =
        browser.number("document.querySelectorAll('main .as-cards td:last-child code').length");
    let told = browser.number("document.querySelectorAll('main .proofs .cmd > code').length");
    assert_eq!(proofs, told);
    let commands = browser.text(
        "[...document.querySelectorAll('#K1 .cmd > code, #K2 .cmd > code')].map(code => code.textContent).join('\\n')",
    );
    for command in [
        "cargo test --test props stop_flags::flags_are_a_map_with_fixed_keys",
        "cargo test --test spec stop_flags::stopping_one_key_stops_only_it",
        "RUSTFLAGS=\"--cfg loom\" cargo test --lib --no-default-features programs::stop_flags::every_program",
    ] {
        assert!(
            commands.lines().any(|line| line == command),
            "{command}: {commands}"
        );
    }
    assert!(browser.is(
        "document.querySelector('#K1').textContent.includes('Stopping one key stops only it.')"
    ));
}

fn all_claims_can_be_filtered_by_words_and_by_kinds() {
    let (mut browser, book) = reader();
    browser.open(&book.join("claims.html"));
    let shown =
        "[...document.querySelectorAll('.promise')].filter(card => card.checkVisibility()).length";
    let all = browser.number(shown);
    assert!(all > 50, "{all}");
    browser.evaluate("document.querySelector('.claim-filter .k-order').click()");
    let explored = browser.number(shown);
    assert!(0 < explored && explored < all, "{explored} of {all}");
    browser.evaluate("document.querySelector('.claim-filter input').focus()");
    browser.write("no further step");
    browser.until(&format!("{shown} === 1"));
    assert_eq!(
        browser.text("document.querySelector('.count').textContent"),
        format!("1 of {all}")
    );
}

fn of_the_answers_of_a_question_one_is_open_at_a_time() {
    let (mut browser, book) = reader();
    browser.open(&book.join("borrowing.html"));
    let open = "document.querySelectorAll('.quiz .choice[open]').length";
    assert_eq!(browser.number(open), 0);
    for answer in 0..3 {
        browser.evaluate(&format!(
            "document.querySelectorAll('.quiz .choice > summary')[{answer}].click()"
        ));
        assert_eq!(browser.number(open), 1);
    }
}

fn what_a_finger_touches_on_a_phone_has_room_for_it() {
    let (mut browser, book) = reader();
    let size = json!({ "width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": false });
    browser.call("Emulation.setDeviceMetricsOverride", size);
    let mut wrong = Vec::new();
    for page in pages_with(book, "class=\"quiz\"") {
        browser.open(&page);
        let small = browser.text(
            "[...document.querySelectorAll('main :is(.cmd button, .choice > summary, \
             .reveal > summary, .need > summary, .proofs > summary, .bar button)')] \
             .filter(part => part.checkVisibility() && part.getBoundingClientRect().height < 44) \
             .slice(0, 3).map(part => part.textContent.slice(0, 60)).join(' and ')",
        );
        if !small.is_empty() {
            wrong.push(format!("{}: {small}", page.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn the_meaning_of_a_word_comes_with_the_focus_and_goes_with_escape() {
    let (mut browser, book) = reader();
    browser.open(&book.join("what-a-thread-sees.html"));
    browser.evaluate("document.querySelector('a[href$=\"#word-data-race\"]').focus()");
    let meaning = browser.text("document.querySelector('.meaning').textContent");
    assert!(
        meaning.contains("two threads touch the same memory"),
        "{meaning}"
    );
    assert!(browser.is("document.querySelector('.meaning').getBoundingClientRect().left >= 0"));
    browser.press("Escape");
    assert!(browser.is("document.querySelector('.meaning') === null"));
}

fn a_chapter_can_be_read_in_every_theme() {
    let (mut browser, book) = reader();
    browser.open(&book.join("borrowing.html"));
    browser.evaluate(
        "document.querySelectorAll('.quiz .choice > summary')[0].click(); \
         for (const fold of document.querySelectorAll('.need, .reveal')) fold.open = true",
    );
    for theme in THEMES {
        // By mdBook's own button: it changes the style of code as well.
        browser.evaluate(&format!(
            "document.getElementById('mdbook-theme-{theme}').click()"
        ));
        browser.until(&format!(
            "document.documentElement.classList.contains('{theme}')"
        ));
        let parts = [
            ".listing-head .file",
            ".cmd code",
            ".cmd button",
            ".quiz-kind",
            ".choice > summary",
            ".choice[open] > p",
            ".need > summary",
            ".need > p",
            ".reveal > summary",
            ".rustc .r-error",
            ".rustc .r-help",
            ".task-head",
            ".chip",
            ".proofs > summary",
            ".promise-text",
            "main > p > a",
        ];
        can_be_read(&mut browser, theme, &parts);
    }
}
