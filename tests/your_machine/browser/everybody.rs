//! For everybody: without JavaScript, on paper, by keys alone, with a screen reader, in each theme.

use serde_json::json;
use threadproof::schedule::Program;

use super::{NEEDS, Reader, STEP_TABLES, orders_of, reader};
use crate::run::Test;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            NEEDS,
            without_javascript_every_table_question_and_answer_is_there,
        ),
        Test::new(NEEDS, on_paper_the_tables_are_whole_and_plain),
        Test::new(NEEDS, a_reader_who_wants_no_motion_gets_none),
        Test::new(
            NEEDS,
            a_screen_reader_finds_names_and_a_keyboard_finds_its_way,
        ),
        Test::new(NEEDS, what_the_script_adds_can_be_read_in_every_theme),
    ]
}

fn without_javascript_every_table_question_and_answer_is_there() {
    let (mut browser, book) = reader();
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({ "value": true }),
    );
    browser.open(&book.join("locked-flags.html"));
    assert!(browser.is("document.querySelector('.stepper, .game') === null"));
    // A fold is the browser's own: it opens without a script.
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({ "value": false }),
    );
    let seen = "(() => { for (const fold of document.querySelectorAll('main details')) fold.open = true; \
        return [...document.querySelectorAll('main table')].every(table => table.checkVisibility()); })()";
    assert!(browser.is(seen));
    let orders = orders_of(Program::named("check-then-act").unwrap()).len();
    assert!(browser.number(&format!("{STEP_TABLES}.length")) >= orders);
    let answers = "[...document.querySelectorAll('main .choice > p')]";
    assert!(browser.is(&format!(
        "{answers}.length >= 4 && {answers}.every(why => why.textContent)"
    )));
}

fn on_paper_the_tables_are_whole_and_plain() {
    let (mut browser, book) = reader();
    browser.open(&book.join("lost-update.html"));
    browser.evaluate("document.querySelector('.stepper button:nth-child(3)').click()");
    browser.pretend("print", &[]);
    browser.evaluate("window.dispatchEvent(new Event('beforeprint'))");
    let hidden = "[...document.querySelectorAll('.bar, .said, .game')].every(part => !part.checkVisibility())";
    assert!(browser.is(hidden));
    assert!(browser.is(&format!(
        "{STEP_TABLES}.every(table => table.checkVisibility())"
    )));
    let plain = "[...document.querySelectorAll('.stepper td')].every(cell => getComputedStyle(cell).opacity === '1')";
    browser.until(plain);
    browser.evaluate("window.dispatchEvent(new Event('afterprint'))");
    assert!(browser.is("document.querySelector('details.orders[open]') === null"));
}

fn a_reader_who_wants_no_motion_gets_none() {
    let (mut browser, book) = reader();
    browser.open(&book.join("lost-update.html"));
    let motion = "getComputedStyle(document.querySelector('.stepper td')).transitionDuration";
    assert_eq!(browser.text(motion), "0.15s");
    browser.pretend("", &[("prefers-reduced-motion", "reduce")]);
    assert_eq!(browser.text(motion), "0s");
}

/// Every button has a name, every change is announced, and Tab reaches the game.
fn a_screen_reader_finds_names_and_a_keyboard_finds_its_way() {
    let (mut browser, book) = reader();
    browser.open(&book.join("locked-flags.html"));
    let tree = browser.call("Accessibility.getFullAXTree", json!({}));
    let nodes = tree["nodes"].as_array().expect("a tree");
    let of_role = |role: &str| -> Vec<&str> {
        let shown = nodes.iter().filter(|node| node["ignored"] != true);
        let same = shown.filter(|node| node["role"]["value"] == role);
        same.map(|node| node["name"]["value"].as_str().unwrap_or_default())
            .collect()
    };
    let buttons = of_role("button");
    assert!(
        buttons.iter().all(|name| !name.trim().is_empty()),
        "{buttons:?}"
    );
    for name in ["Step A", "Step B", "Undo", "Start over"] {
        let is_there = buttons.iter().any(|button| button.starts_with(name));
        assert!(is_there, "{name}: {buttons:?}");
    }
    assert!(of_role("status").len() >= 2);
    let groups = of_role("group");
    let game = "Be the scheduler: Looks, then steps";
    assert!(groups.contains(&game), "{groups:?}");

    browser.evaluate(
        "game = document.querySelector('.game'); \
         [...document.querySelectorAll('main a')].filter(link => \
             link.compareDocumentPosition(game) & Node.DOCUMENT_POSITION_FOLLOWING).pop().focus()",
    );
    browser.press("Tab");
    assert_eq!(
        browser.text("document.activeElement.textContent.trim().slice(0, 6)"),
        "Step A"
    );
}

pub(super) const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

/// The contrast of what the script adds, by the rule of the accessibility guidelines.
const CONTRAST: &str = "(part => {
    const parse = text => {
        const canvas = new OffscreenCanvas(1, 1).getContext('2d');
        canvas.fillStyle = text;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = ([red, green, blue]) => [red, green, blue]
        .map(value => value / 255)
        .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
    let ground = part;
    while (ground.parentElement && parse(getComputedStyle(ground).backgroundColor)[3] === 0) ground = ground.parentElement;
    const [low, high] = [getComputedStyle(part).color, getComputedStyle(ground).backgroundColor]
        .map(text => light(parse(text)))
        .sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
})";

/// Each of these parts of the page can be read, in the theme that it has.
pub(super) fn can_be_read(browser: &mut Reader, theme: &str, parts: &[&str]) {
    for part in parts {
        let contrast = browser.evaluate(&format!("{CONTRAST}(document.querySelector('{part}'))"));
        let contrast = contrast.as_f64().expect("a number");
        assert!(
            contrast >= 4.5,
            "{theme}: {part} has a contrast of {contrast:.1}"
        );
    }
}

fn what_the_script_adds_can_be_read_in_every_theme() {
    let (mut browser, book) = reader();
    browser.open(&book.join("lost-update.html"));
    browser.evaluate(
        "document.querySelector('.stepper button:nth-child(3)').click(); \
         document.querySelector('.game button').click()",
    );
    for theme in THEMES {
        browser.evaluate(&format!(
            "document.documentElement.classList.remove(...{themes}); \
             document.documentElement.classList.add('{theme}')",
            themes = json!(THEMES)
        ));
        let parts = [
            ".bar button[aria-disabled=false]",
            ".bar button[aria-disabled=true]",
            ".said",
            "tr.now td",
            ".tally",
        ];
        can_be_read(&mut browser, theme, &parts);
    }
}
