//! The stepper: a table of steps is gone through by keys and buttons.

use serde_json::json;
use threadproof::schedule::PROGRAMS;

use super::{NEEDS, STEP_TABLES, orders_of, pages_with, reader, unfold};
use crate::run::Test;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(NEEDS, every_table_of_steps_is_stepped_through_by_keys),
        Test::new(NEEDS, an_arrow_in_a_table_steps_and_means_no_other_chapter),
        Test::new(NEEDS, a_stepper_has_buttons_that_stay_in_the_focus),
    ]
}

/// Goes through a table by keys: the row that is marked after each, what is said, and whether that
/// tells the row.
const STEP_THROUGH: &str = r"(table => {
    const rows = [...table.tBodies[0].rows];
    const said = table.closest('.stepper').querySelector('[role=status]');
    const at = () => rows.findIndex(row => row.getAttribute('aria-current') === 'step');
    const tells = cell => said.textContent.includes(cell.textContent.replace(/\.$/, ''));
    const key = name => {
        const event = new KeyboardEvent('keydown', { key: name, bubbles: true, cancelable: true });
        table.closest('.table-wrapper').dispatchEvent(event);
        const isTold = at() < 0 || [...rows[at()].cells].slice(1).every(tells);
        return { at: at(), said: said.textContent, isTold };
    };
    // Two steps for each lock that was taken and given back, and no other step among them.
    const folds = rows.map(row => [...row.cells].map(cell => cell.textContent))
        .map(([number, ...cells]) => [number.split('–'), /takes (\d+) more locks/.exec(cells.join())?.[1]]);
    const isSoundlyFolded = folds.every(([[from, to], locks]) => !locks || to - from + 1 === 2 * locks);
    const atFirst = at();
    const steps = rows.map(() => key('ArrowRight'));
    const [beyond, home, end, back] = ['ArrowRight', 'Home', 'End', 'ArrowLeft'].map(key);
    return { atFirst, isSoundlyFolded, steps, beyond, home, end, back };
})";

fn every_table_of_steps_is_stepped_through_by_keys() {
    let (mut browser, book) = reader();
    let mut n_tables = 0;
    for page in pages_with(book, "<th>step</th>")
        .iter()
        .filter(|page| !page.ends_with("print.html"))
    {
        browser.open(page);
        let walks = browser.evaluate(&format!("{STEP_TABLES}.map({STEP_THROUGH})"));
        for (table, walk) in walks.as_array().expect("a list").iter().enumerate() {
            n_tables += 1;
            let name = format!("table {table} of {}", page.display());
            assert_eq!(walk["atFirst"], -1, "{name}: nothing is marked at first");
            assert_eq!(
                walk["isSoundlyFolded"], true,
                "{name}: steps are folded away"
            );
            let steps = walk["steps"].as_array().expect("a list");
            let rows = steps.len();
            for (row, step) in steps.iter().enumerate() {
                assert_eq!(step["at"], row, "{name}");
                assert_eq!(step["isTold"], true, "{name}: {step}");
                let said = step["said"].as_str().unwrap_or_default();
                let start = format!("Step {} of {rows}. ", row + 1);
                assert!(said.starts_with(&start), "{name}: {said}");
            }
            assert_eq!(
                walk["beyond"]["at"],
                rows - 1,
                "{name}: the last stays the last"
            );
            assert_eq!(walk["home"]["at"], -1, "{name}");
            assert_eq!(walk["end"]["at"], rows - 1, "{name}");
            let before = rows.checked_sub(2).map_or(json!(-1), |row| json!(row));
            assert_eq!(walk["back"]["at"], before, "{name}");
        }
    }
    // The orders of all programs, each on one page, and the breaks.
    let of_programs: usize = PROGRAMS
        .iter()
        .map(|program| orders_of(program).len())
        .sum();
    assert!(n_tables > of_programs, "{n_tables} tables");
}

fn an_arrow_in_a_table_steps_and_means_no_other_chapter() {
    let (mut browser, book) = reader();
    browser.open(&book.join("event.html"));
    unfold(&mut browser);
    let here = browser.text("location.href");
    browser.evaluate(
        "box = document.querySelector('.stepper'); \
         at = () => [...box.querySelectorAll('tbody tr')].findIndex(row => row.ariaCurrent === 'step'); \
         box.querySelector('.table-wrapper').focus()",
    );
    for (key, row) in [
        ("ArrowRight", 0),
        ("ArrowRight", 1),
        ("ArrowLeft", 0),
        ("Home", -1),
        ("ArrowLeft", -1),
    ] {
        browser.press(key);
        assert_eq!(browser.evaluate("at()"), row, "{key}");
    }
    browser.press("End");
    browser.press("ArrowRight");
    let last = browser.number("box.querySelectorAll('tbody tr').length") - 1;
    assert_eq!(browser.evaluate("at()"), last);
    assert_eq!(browser.text("location.href"), here);
}

fn a_stepper_has_buttons_that_stay_in_the_focus() {
    let (mut browser, book) = reader();
    browser.open(&book.join("event.html"));
    unfold(&mut browser);
    browser.evaluate(
        "box = document.querySelector('.stepper'); rows = box.querySelectorAll('tbody tr'); \
         [first, back, next, last] = box.querySelectorAll('button'); last.focus()",
    );
    browser.press("Enter");
    assert!(browser.is("rows[rows.length - 1].classList.contains('now')"));
    assert!(browser.is("last.getAttribute('aria-disabled') === 'true'"));
    assert!(browser.is("document.activeElement === last"));
    browser.evaluate("back.click()");
    assert!(browser.is("rows[rows.length - 2].classList.contains('now')"));
    assert!(browser.is("rows[rows.length - 1].classList.contains('later')"));
    browser.evaluate("first.click()");
    assert!(browser.is("box.querySelector('.now, .later') === null"));
}
