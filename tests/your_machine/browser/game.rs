//! The game: be the scheduler.

use std::collections::BTreeSet;

use threadproof::schedule::{PROGRAMS, Program, Run, Verdict};

use super::{NEEDS, reader, unfold};
use crate::run::Test;

pub(super) fn tests() -> Vec<Test> {
    let places: [(_, (_, &[&str])); 14] = [
        ("start", ("start", &["late-name"])),
        ("join", ("join", &["missing-join"])),
        ("borrowing", ("borrowing", &["closed-file"])),
        ("daemon", ("daemon", &["cut-off"])),
        ("orders", ("orders", &["pulse", "register-versus-stop-all"])),
        ("lost_update", ("lost-update", &["lost-update"])),
        ("flags", ("flags", &["flag-used-again"])),
        ("seen", ("what-a-thread-sees", &["flag-before-letter"])),
        ("event", ("event", &["lost-wake-up"])),
        ("locked_flags", ("locked-flags", &["check-then-act"])),
        ("deadlock", ("deadlock", &["two-locks"])),
        ("channels", ("channels", &["full-queue"])),
        ("stopping", ("stopping", &["stop-wakes-nobody"])),
        ("thread_pool", ("thread-pool", &["submit-versus-shutdown"])),
    ];
    let lost = the_game_is_lost_by_each_bad_order_and_by_no_other;
    let mut tests = Test::cases(NEEDS, lost, places);
    tests.push(Test::new(
        NEEDS,
        the_game_is_played_by_keys_and_refuses_a_thread_that_must_wait,
    ));
    tests.push(Test::new(
        NEEDS,
        a_thread_that_waits_for_ever_in_its_loop_is_shown_where_it_waits,
    ));
    tests
}

/// Plays every way through a game by its buttons: the paths at which nobody can go, and whether each
/// was lost, with what was said there.
const PLAY_EVERYTHING: &str = "(() => {
    const ends = [];
    const players = [...game.querySelectorAll('.bar button')].slice(0, -2);
    const [undo] = [...game.querySelectorAll('.bar button')].slice(-2);
    const walk = () => {
        const able = players.filter(button => button.getAttribute('aria-disabled') === 'false');
        if (!able.length) {
            const said = game.querySelector('[role=status]').textContent;
            ends.push({ path: game.dataset.path, lost: game.classList.contains('lost'), said });
        }
        for (const button of able) { button.click(); walk(); undo.click(); }
    };
    walk();
    return ends;
})()";

fn the_game_is_lost_by_each_bad_order_and_by_no_other((page, its): (&str, &[&str])) {
    let (mut browser, book) = reader();
    browser.open(&book.join(page).with_extension("html"));
    let is_here = |program: &&Program| its.contains(&program.name);
    let programs: Vec<&Program> = PROGRAMS.iter().filter(is_here).collect();
    let games = browser.number("(games = [...document.querySelectorAll('.game')]).length");
    assert_eq!(games, 2 * programs.len());
    let versions = programs.iter().flat_map(|program| {
        let [broken, mended] = program.versions();
        [(program.name, broken, true), (program.name, mended, false)]
    });
    for (game, (program, version, is_broken)) in versions.enumerate() {
        let name = format!("{program}, {}", version.name);
        browser.evaluate(&format!("game = games[{game}]"));
        let runs = version.orders();
        let steps = runs.iter().flat_map(|run| &run.steps);
        let threads: BTreeSet<char> = steps.map(|step| step.thread).collect();
        let lines = browser.number("game.querySelectorAll('.lines').length");
        assert_eq!(
            lines,
            threads.len(),
            "{name}: each thread's lines are shown"
        );
        let label = browser
            .text("game.getAttribute('aria-label')")
            .to_lowercase();
        assert!(label.contains(version.name), "{name}: {label}");
        let ends = browser.evaluate(PLAY_EVERYTHING);
        let ends = ends.as_array().expect("a list");
        let played: BTreeSet<(&str, bool)> = ends
            .iter()
            .map(|end| (end["path"].as_str().unwrap(), end["lost"] == true))
            .collect();
        let bad = |run: &Run| matches!(run.verdict, Verdict::Bad(_));
        let expected = runs
            .iter()
            .map(|run| (run.schedule.as_str(), bad(run)))
            .collect();
        assert_eq!(played, expected, "{name}");
        assert_eq!(runs.iter().any(bad), is_broken, "{name}");
        for end in ends {
            let said = end["said"].as_str().unwrap();
            let (Verdict::Good(words) | Verdict::Bad(words)) = &runs
                .iter()
                .find(|run| run.schedule == end["path"])
                .expect("the same orders")
                .verdict;
            assert!(said.contains(words.as_str()), "{name}: {said}");
        }
        let tally = browser.text("game.querySelector('.tally').textContent");
        let n_bad = runs.iter().filter(|run| bad(run)).count();
        let s = if n_bad == 1 { "" } else { "s" };
        let expected = format!("Found: {n_bad} bad order{s}, {} good.", runs.len() - n_bad);
        assert_eq!(tally, expected, "{name}");
        browser.evaluate("game.querySelector('.judge button').click()");
        let judged = browser.text("game.querySelector('[role=status]').textContent");
        let expected = match is_broken {
            true => {
                let are = if n_bad == 1 { "is" } else { "are" };
                format!("Right: {n_bad} of the {} orders {are} bad.", runs.len())
            }
            false => format!("Right: all {} orders end well.", runs.len()),
        };
        assert_eq!(judged, expected, "{name}");
        let stars = browser.text("game.querySelector('.stars').textContent");
        assert_eq!(stars, if is_broken { "★★" } else { "★" }, "{name}");
    }
}

fn the_game_is_played_by_keys_and_refuses_a_thread_that_must_wait() {
    let (mut browser, book) = reader();
    browser.open(&book.join("lost-update.html"));
    unfold(&mut browser);
    let here = browser.text("location.href");
    browser.evaluate(
        "[broken, mended] = document.querySelectorAll('.game'); \
         said = game => game.querySelector('[role=status]').textContent; \
         broken.querySelector('button').focus()",
    );
    // The program stands beside it: the line of the next step, and what is so now.
    browser.evaluate(
        "at = game => [...game.querySelectorAll('.thread')].map(thread => \
             [...thread.querySelectorAll('.lines li')].findIndex(line => line.ariaCurrent === 'step')).join(); \
         now = game => [...game.querySelectorAll('.shared li')].map(one => one.textContent).join('; ')",
    );
    for (key, lines, now) in [
        ("Home", "0,0", "count = 0"),
        ("a", "1,0", "count = 0"),
        ("b", "1,1", "count = 0"),
        ("a", "-1,1", "count = 1"),
        ("b", "-1,-1", "count = 1"),
    ] {
        browser.press(key);
        assert_eq!(browser.text("at(broken)"), lines, "{key}");
        assert_eq!(browser.text("now(broken)"), now, "{key}");
    }
    let said = browser.text("said(broken)");
    assert_eq!(said, "Broken: one update is lost. Your order was ABAB.");
    assert!(browser.is("broken.classList.contains('lost')"));
    for key in ["ArrowLeft", "Backspace", "b"] {
        browser.press(key);
    }
    assert_eq!(browser.text("broken.dataset.path"), "ABB");
    browser.press("ArrowRight");
    browser.press("Home");
    assert_eq!(browser.text("broken.dataset.path"), "");
    assert!(browser.is("!broken.classList.contains('lost')"));
    let tally = browser.text("broken.querySelector('.tally').textContent");
    assert_eq!(tally, "Found: 1 bad order, 0 good.");

    // It judges by what was found, and says of a step what it will do.
    browser.evaluate("broken.querySelector('.judge button').click()");
    assert_eq!(browser.text("said(broken)"), "At least one is left.");
    assert!(browser.is("broken.querySelector('.bar button').textContent === 'Step A reads 0'"));
    browser.evaluate("broken.querySelectorAll('.judge button')[1].click()");
    let hint = browser.text("said(broken)");
    assert!(
        hint.starts_with("A bad order that you have not found goes on with"),
        "{hint}"
    );

    browser.evaluate("mended.querySelector('button').focus()");
    browser.press("a");
    browser.press("b");
    assert_eq!(browser.text("said(mended)"), "B cannot go: it must wait.");
    assert_eq!(browser.text("now(mended)"), "count = 0; A has the lock");
    assert_eq!(browser.text("at(mended)"), "1,0");
    assert!(browser.is("mended.querySelector('.blocked') === mended.querySelectorAll('.thread')[1].querySelector('[aria-current]')"));
    assert_eq!(browser.text("mended.dataset.path"), "A");
    browser.press("a");
    browser.press("a");
    assert_eq!(browser.text("said(mended)"), "A cannot go: it has ended.");
    assert_eq!(browser.text("location.href"), here);
}

fn a_thread_that_waits_for_ever_in_its_loop_is_shown_where_it_waits() {
    let (mut browser, book) = reader();
    browser.open(&book.join("stopping.html"));
    unfold(&mut browser);
    browser
        .evaluate("game = document.querySelector('.game'); game.querySelector('button').focus()");
    for key in ["a", "a", "a", "b"] {
        browser.press(key);
    }
    let said = browser.text("game.querySelector('[role=status]').textContent");
    assert_eq!(said, "Broken: A waits for ever. Your order was AAAB.");
    let line = browser.text("game.querySelector('.blocked').textContent");
    assert_eq!(line, "recv(turn, data)?;");
}
