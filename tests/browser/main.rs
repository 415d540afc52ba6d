//! The book as a reader meets it: in a browser, with keys and buttons, in light and in dark.
//!
//! Where no Chromium or no mdBook is found these tests say so, and pass; with `BROWSER=required`,
//! as in `.ci/run`, they fail. The pages are built anew for each run. Pictures of some of them are
//! left in `target/screenshots`, for a person to look at.

// A browser has nothing to model.
#![cfg(all(unix, not(loom)))]

mod chromium;
#[path = "../support/mdbook.rs"]
mod mdbook;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::{env, fs};

use rstest::rstest;
use serde_json::{Value, json};
use threadproof::schedule::{PROGRAMS, Program, Run, Verdict};

use self::chromium::{Chromium, find_chromium};
use self::mdbook::{HOW_TO_GET_MDBOOK, find_mdbook};
use self::support::files_in;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

// The browser and the book ----------------------------------------------------------------------------

/// The built book, if there is an mdBook.
fn book() -> Option<&'static Path> {
    static BOOK: OnceLock<Option<PathBuf>> = OnceLock::new();
    let build = || {
        let mdbook = find_mdbook(Path::new(ROOT))?;
        let pages = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browsed-book");
        let _ = fs::remove_dir_all(&pages);
        let mut command = Command::new(mdbook);
        command.arg("build").arg(Path::new(ROOT).join("book"));
        let output = command.arg("--dest-dir").arg(&pages).output();
        let output = output.expect("mdbook runs");
        assert!(output.status.success(), "{output:?}");
        Some(pages)
    };
    BOOK.get_or_init(build).as_deref()
}

/// The browser, if there is one: one for all tests, for it takes a second or two to start.
fn browser() -> Option<MutexGuard<'static, Chromium>> {
    static BROWSER: OnceLock<Option<Mutex<Chromium>>> = OnceLock::new();
    let start = || Some(Mutex::new(Chromium::start(&find_chromium()?)));
    let browser = BROWSER.get_or_init(start).as_ref()?;
    // A test that failed has left nothing in it but a page, which is turned over.
    let mut browser = browser.lock().unwrap_or_else(PoisonError::into_inner);
    browser.turn_over();
    Some(browser)
}

/// The browser, for this test alone, and the folder of the pages; without them the test says that it
/// did not run.
#[track_caller]
fn reader() -> Option<(MutexGuard<'static, Chromium>, &'static Path)> {
    let missing = match (browser(), book()) {
        (Some(browser), Some(book)) => return Some((browser, book)),
        (None, _) => "no Chromium was found; to have it, install it, or set CHROMIUM to it",
        (_, None) => &format!("no mdbook was found; {HOW_TO_GET_MDBOOK}"),
    };
    let is_required = env::var_os("BROWSER").is_some_and(|value| value == "required");
    assert!(!is_required, "{missing}");
    // Written past the capture of the test harness, so that it is seen when the test passes.
    let _ = writeln!(
        io::stderr(),
        "NOT RUN: a test of the book in a browser, for {missing}"
    );
    None
}

/// Every page but the one for addresses that do not exist, which a server must place at the root.
fn pages(book: &Path) -> Vec<PathBuf> {
    let is_page = |name: &String| name.ends_with(".html") && name != "404.html";
    let mut names = files_in(book);
    names.retain(is_page);
    assert!(names.len() > 15, "the book is there: {names:?}");
    names.into_iter().map(|name| book.join(name)).collect()
}

/// What the console complained of, and what was asked of others, since the page was opened.
fn complaints(events: &[Value]) -> Vec<String> {
    let complaint = |event: &Value| {
        let about = &event["params"];
        let is_error = |level: &Value| level == "error" || level == "assert" || level == "warning";
        match event["method"].as_str()? {
            "Runtime.exceptionThrown" => Some(format!("exception: {}", about["exceptionDetails"])),
            "Runtime.consoleAPICalled" if is_error(&about["type"]) => {
                Some(format!("console: {}", about["args"]))
            }
            "Log.entryAdded" if is_error(&about["entry"]["level"]) => {
                Some(format!("log: {}", about["entry"]["text"]))
            }
            "Network.requestWillBeSent" => {
                let url = about["request"]["url"].as_str().unwrap_or_default();
                let is_here = url.starts_with("file:") || url.starts_with("data:");
                (!is_here).then(|| format!("asks {url}"))
            }
            "Network.loadingFailed" => Some(format!("does not load: {about}")),
            _ => None,
        }
    };
    events.iter().filter_map(complaint).collect()
}

// Loading ----------------------------------------------------------------------------------------------

#[test]
fn every_page_loads_without_a_complaint_and_asks_nobody_elsewhere() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    let mut wrong = Vec::new();
    for page in pages(book) {
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

#[rstest]
#[case::error("<script>throw new Error('broken')</script>", "exception")]
#[case::complaint("<script>console.error('broken')</script>", "console")]
#[case::script_that_is_not_there("<script src='none.js'></script>", "does not load")]
#[case::picture_from_elsewhere("<img src='https://example.org/a.png'>", "asks https://example.org")]
#[case::request_elsewhere(
    "<script>fetch('http://example.org/').catch(() => 0)</script>",
    "asks http://example.org"
)]
fn a_page_that_complains_or_asks_elsewhere_is_seen(#[case] part: &str, #[case] complaint: &str) {
    let Some((mut browser, _)) = reader() else {
        return;
    };
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

// The stepper ------------------------------------------------------------------------------------------

/// Where the tables of steps are that a page itself shows, and not a game.
const STEP_TABLES: &str = "[...document.querySelectorAll('main table')].filter(table => \
    table.tHead?.rows[0].cells[0].textContent === 'step' && !table.closest('.game'))";

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
    const atFirst = at();
    const steps = rows.map(() => key('ArrowRight'));
    return { atFirst, steps, beyond: key('ArrowRight'), home: key('Home'), end: key('End'), back: key('ArrowLeft') };
})";

#[test]
fn every_table_of_steps_is_stepped_through_by_keys() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    let mut n_tables = 0;
    for page in pages(book)
        .iter()
        .filter(|page| !page.ends_with("print.html"))
    {
        browser.open(page);
        let walks = browser.evaluate(&format!("{STEP_TABLES}.map({STEP_THROUGH})"));
        for (table, walk) in walks.as_array().expect("a list").iter().enumerate() {
            n_tables += 1;
            let name = format!("table {table} of {}", page.display());
            assert_eq!(walk["atFirst"], -1, "{name}: nothing is marked at first");
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
    // The orders of six programs on their page, two of them in a chapter as well, and the breaks.
    let of_programs: usize = PROGRAMS
        .iter()
        .map(|program| orders_of(program).len())
        .sum();
    assert!(n_tables > of_programs, "{n_tables} tables");
}

#[test]
fn an_arrow_in_a_table_steps_and_means_no_other_chapter() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    browser.open(&book.join("event.html"));
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

#[test]
fn a_stepper_has_buttons_that_stay_in_the_focus() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    browser.open(&book.join("event.html"));
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

// The game ---------------------------------------------------------------------------------------------

/// Every order of both versions: what the page should know.
fn orders_of(program: &Program) -> Vec<Run> {
    program
        .versions()
        .iter()
        .flat_map(|version| version.orders())
        .collect()
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

#[rstest]
fn the_game_is_lost_by_each_bad_order_and_by_no_other(
    #[values(
        ("orders", None),
        ("flags", Some("lost-update")),
        ("locked-flags", Some("check-then-act"))
    )]
    place: (&str, Option<&str>),
) {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    let (page, only) = place;
    browser.open(&book.join(page).with_extension("html"));
    let is_here = |program: &&Program| only.is_none_or(|name| name == program.name);
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
        let runs = version.orders();
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
            let nothing_to_break = format!("all {} orders end well", runs.len());
            assert_eq!(
                said.contains(&nothing_to_break),
                !is_broken,
                "{name}: {said}"
            );
        }
        let tally = browser.text("game.querySelector('.tally').textContent");
        let n_bad = runs.iter().filter(|run| bad(run)).count();
        let expected = if is_broken {
            format!(
                "Found: {n_bad} of {n_bad} bad orders, {0} of {0} good.",
                runs.len() - n_bad
            )
        } else {
            format!(
                "Found: {0} of {0} orders, and no bad one: there is none.",
                runs.len()
            )
        };
        assert_eq!(tally, expected, "{name}");
    }
}

#[test]
fn the_game_is_played_by_keys_and_refuses_a_thread_that_must_wait() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    browser.open(&book.join("flags.html"));
    let here = browser.text("location.href");
    browser.evaluate(
        "[broken, mended] = document.querySelectorAll('.game'); \
         said = game => game.querySelector('[role=status]').textContent; \
         broken.querySelector('button').focus()",
    );
    for key in ["a", "b", "a", "b"] {
        browser.press(key);
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
    assert_eq!(tally, "Found: 1 of 4 bad orders, 0 of 2 good.");

    browser.evaluate("mended.querySelector('button').focus()");
    browser.press("a");
    browser.press("b");
    assert_eq!(browser.text("said(mended)"), "B cannot go: it must wait.");
    assert_eq!(browser.text("mended.dataset.path"), "A");
    browser.press("a");
    browser.press("a");
    assert_eq!(browser.text("said(mended)"), "A cannot go: it has ended.");
    assert_eq!(browser.text("location.href"), here);
}

// The picture of a run ---------------------------------------------------------------------------------

/// Names the parts of the first picture of a page, and what is seen of it: the times at its axis, and
/// the bars, each with its seconds by that axis.
const LOOK_AT_THE_PICTURE: &str = "
    box = document.querySelector('.zoom'); svg = box.querySelector('svg');
    [nearer, farther, earlier, later, whole] = box.querySelectorAll('button');
    said = () => box.querySelector('[role=status]').textContent;
    times = () => [...svg.querySelectorAll('.axis')].map(tick => tick.textContent);
    seconds = words => parseFloat(words) * (words.endsWith(' ms') ? 0.001 : 1);
    axis = () => [times()[0], times().pop()].map(seconds);
    bars = () => [...svg.querySelectorAll('.span rect')]
        .filter(rect => rect.getBoundingClientRect().width > 0)
        .map(rect => {
            const [left, right] = [...svg.querySelectorAll('.axis')].map(tick => Number(tick.getAttribute('x')))
                .filter((x, index, all) => index === 0 || index === all.length - 1);
            const [first, last] = axis();
            const time = x => first + (x - left) / (right - left) * (last - first);
            const [x, width] = ['x', 'width'].map(name => Number(rect.getAttribute(name)));
            return [rect.parentElement.querySelector('title').textContent, time(x), time(x + width)];
        });
    untouched = svg.innerHTML";

/// What a picture may be off by: its places and times are rounded.
const ROUNDED: f64 = 0.01;

/// The bars that are seen: their words, and the seconds of their begins and ends.
fn bars(browser: &mut Chromium) -> Vec<(String, f64, f64)> {
    serde_json::from_value(browser.evaluate("bars()")).expect("bars")
}

#[test]
fn keys_zoom_the_picture_of_a_run_and_mean_no_other_chapter() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    browser.open(&book.join("thread-pool.html"));
    let here = browser.text("location.href");
    browser.evaluate(LOOK_AT_THE_PICTURE);
    browser.evaluate("box.querySelector('.picture').focus()");
    let all = bars(&mut browser);
    let length = browser.evaluate("axis()[1]").as_f64().expect("a number");
    // A key, what part of the axis is shown after it, and how many bars, if none begins or ends
    // where the part does. Three bars fill the first half, one the second.
    for (key, from, to, seen) in [
        ("ArrowLeft", 0.0, 1.0, Some(4)),
        ("ArrowRight", 0.0, 1.0, Some(4)),
        ("-", 0.0, 1.0, Some(4)),
        ("+", 0.25, 0.75, Some(4)),
        ("ArrowLeft", 0.125, 0.625, Some(4)),
        ("=", 0.25, 0.5, None),
        ("ArrowLeft", 0.1875, 0.4375, Some(3)),
        ("ArrowRight", 0.25, 0.5, None),
        ("-", 0.125, 0.625, Some(4)),
        ("ArrowRight", 0.25, 0.75, Some(4)),
        ("ArrowRight", 0.375, 0.875, Some(4)),
        ("ArrowRight", 0.5, 1.0, None),
        ("ArrowRight", 0.5, 1.0, None),
        ("+", 0.625, 0.875, Some(1)),
        ("0", 0.0, 1.0, Some(4)),
    ] {
        browser.press(key);
        let times = browser.evaluate("times()");
        let (first, last) = (times[0].as_str().unwrap(), times[4].as_str().unwrap());
        let (from, to) = (from * length, to * length);
        for (expression, time) in [("axis()[0]", from), ("axis()[1]", to)] {
            let shown = browser.evaluate(expression).as_f64().unwrap();
            assert!((shown - time).abs() < ROUNDED, "{key}: {times}");
        }
        let now = bars(&mut browser);
        assert!(seen.is_none_or(|seen| seen == now.len()), "{key}: {now:?}");
        for (what, begin, end) in &now {
            let (_, whole_begin, whole_end) = all.iter().find(|bar| bar.0 == *what).unwrap();
            let is_so = |time: f64, whole: f64| (time - whole.clamp(from, to)).abs() < ROUNDED;
            assert!(is_so(*begin, *whole_begin), "{key}: {what} in {now:?}");
            assert!(is_so(*end, *whole_end), "{key}: {what} in {now:?}");
        }
        let is_whole = seen == Some(4) && to - from == length;
        let told = match is_whole {
            true => format!("The whole run, on an axis of {last}."),
            false => format!(
                "{first} to {last}, of {length:.2} s; {} of 4 bars.",
                now.len()
            ),
        };
        assert_eq!(browser.text("said()"), told, "{key}");
        assert_eq!(browser.is("svg.innerHTML === untouched"), is_whole, "{key}");
    }
    assert_eq!(browser.text("location.href"), here);
    assert_eq!(complaints(&browser.events()), [""; 0]);
}

#[test]
fn buttons_zoom_the_picture_of_a_run_and_bring_it_back() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    browser.open(&book.join("thread-pool.html"));
    browser.evaluate(LOOK_AT_THE_PICTURE);
    let recorded = Path::new(ROOT).join("fixtures/timelines/thread-pool.svg");
    let recorded = fs::read_to_string(recorded).unwrap();
    let is_as_recorded = format!(
        "svg.isEqualNode(new DOMParser().parseFromString({}, 'image/svg+xml').documentElement)",
        json!(recorded.trim_end())
    );
    assert!(browser.is(&is_as_recorded));
    let is_able = |button: &str| format!("{button}.getAttribute('aria-disabled') === 'false'");
    browser.evaluate("nearer.focus()");
    browser.press("Enter");
    assert!(browser.is("axis()[0] > 0.15 && axis()[1] < 0.65"));
    browser.evaluate("before = axis(); later.click()");
    assert!(browser.is("axis()[0] > before[0] && axis()[1] > before[1]"));
    browser.evaluate("for (let n = 0; n < 9; n += 1) earlier.click()");
    assert!(browser.is("axis()[0] === 0") && !browser.is(&is_able("earlier")));
    browser.evaluate("for (let n = 0; n < 9; n += 1) nearer.click()");
    assert!(browser.is("axis()[1] - axis()[0] < 0.1") && !browser.is(&is_able("nearer")));
    browser.evaluate("before = axis(); farther.click()");
    assert!(browser.is("axis()[1] - axis()[0] > before[1] - before[0]"));
    assert!(!browser.is(&is_as_recorded) && browser.is(&is_able("whole")));
    browser.evaluate("whole.click()");
    assert!(browser.is(&is_as_recorded) && !browser.is(&is_able("whole")));
    assert!(browser.is("document.activeElement === nearer"));
    assert_eq!(complaints(&browser.events()), [""; 0]);
}

#[test]
fn every_picture_of_a_run_can_be_zoomed_and_is_whole_on_paper() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    let mut n_pictures = 0;
    for page in pages(book) {
        browser.open(&page);
        let pictures = browser.number("document.querySelectorAll('svg.timeline').length");
        let zooms = browser.number("document.querySelectorAll('.zoom svg.timeline').length");
        let is_paper = page.ends_with("print.html");
        assert_eq!(zooms, if is_paper { 0 } else { pictures }, "{page:?}");
        n_pictures += zooms;
        if zooms == 0 {
            continue;
        }
        browser.evaluate(LOOK_AT_THE_PICTURE);
        // Nearer and nearer: the bars do not get out of sight, however short the run is on its axis.
        browser.evaluate("for (let n = 0; n < 9; n += 1) nearer.click()");
        assert!(browser.is("svg.innerHTML !== untouched"), "{page:?}");
        assert!(browser.is("bars().length > 0"), "{page:?}");
        browser.evaluate("zoomed = svg.innerHTML; dispatchEvent(new Event('beforeprint'))");
        assert!(browser.is("svg.innerHTML === untouched"), "{page:?}");
        browser.evaluate("dispatchEvent(new Event('afterprint'))");
        assert!(browser.is("svg.innerHTML === zoomed"), "{page:?}");
    }
    assert!(n_pictures >= 4, "{n_pictures} pictures");
}

// Predict, then check ----------------------------------------------------------------------------------

#[test]
fn a_prediction_opens_the_answer_and_one_choice_is_right() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    let mut n_questions = 0;
    for page in pages(book)
        .iter()
        .filter(|page| !page.ends_with("print.html"))
    {
        browser.open(page);
        let name = page.display();
        let questions = "[...document.querySelectorAll('main .prediction')]";
        let n = browser.number(&format!("{questions}.length"));
        let plain = browser.number("document.querySelectorAll('main ul + details').length");
        assert_eq!(
            plain, 0,
            "{name}: a list before an answer in which no choice stands in bold"
        );
        n_questions += n;
        for question in 0..n {
            let outcome = browser.evaluate(&format!(
                "(() => {{
                    const list = {questions}[{question}];
                    const said = list.nextElementSibling;
                    const answer = said.nextElementSibling;
                    const wasClosed = !answer.open;
                    const heard = [...list.querySelectorAll('button')].map(choice => {{
                        choice.click();
                        return said.textContent;
                    }});
                    const pressed = list.querySelectorAll('[aria-pressed=true]').length;
                    return {{ wasClosed, isOpen: answer.open, heard, pressed }};
                }})()"
            ));
            assert_eq!(outcome["wasClosed"], true, "{name}");
            assert_eq!(outcome["isOpen"], true, "{name}");
            assert_eq!(outcome["pressed"], 1, "{name}: one choice is the last one");
            let heard = outcome["heard"].as_array().expect("a list");
            let right = heard.iter().filter(|words| **words == "Right.").count();
            assert_eq!(right, 1, "{name}: {heard:?}");
            assert!(heard.len() >= 2, "{name}: {heard:?}");
        }
    }
    assert!(n_questions >= 10, "{n_questions} questions");
}

// Search -----------------------------------------------------------------------------------------------

#[test]
fn search_finds_a_claim() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
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

// For everybody ----------------------------------------------------------------------------------------

#[test]
fn without_javascript_every_table_question_and_answer_is_there() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    browser.call(
        "Emulation.setScriptExecutionDisabled",
        json!({ "value": true }),
    );
    browser.open(&book.join("flags.html"));
    assert!(browser.is("document.querySelector('.stepper, .game, .prediction') === null"));
    let seen =
        "[...document.querySelectorAll('main table')].every(table => table.checkVisibility())";
    assert!(browser.is(seen));
    let orders = orders_of(Program::named("lost-update").unwrap()).len();
    assert!(browser.number(&format!("{STEP_TABLES}.length")) >= orders);
    assert_eq!(
        browser.number("document.querySelectorAll('main ul + details').length"),
        1
    );
}

#[test]
fn on_paper_the_tables_are_whole_and_plain() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    browser.open(&book.join("flags.html"));
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

#[test]
fn a_reader_who_wants_no_motion_gets_none() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    browser.open(&book.join("flags.html"));
    let motion = "getComputedStyle(document.querySelector('.stepper td')).transitionDuration";
    assert_eq!(browser.text(motion), "0.15s");
    browser.pretend("", &[("prefers-reduced-motion", "reduce")]);
    assert_eq!(browser.text(motion), "0s");
}

/// Every button has a name, every change is announced, and Tab reaches the game.
#[test]
fn a_screen_reader_finds_names_and_a_keyboard_finds_its_way() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    browser.open(&book.join("flags.html"));
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
        assert!(buttons.contains(&name), "{name}: {buttons:?}");
    }
    assert!(of_role("status").len() >= 3);
    let groups = of_role("group");
    let game = "Be the scheduler: Unlocked: 6 orders, 4 bad";
    assert!(groups.contains(&game), "{groups:?}");

    browser.evaluate(
        "game = document.querySelector('.game'); \
         [...document.querySelectorAll('main a')].filter(link => \
             link.compareDocumentPosition(game) & Node.DOCUMENT_POSITION_FOLLOWING).pop().focus()",
    );
    browser.press("Tab");
    assert_eq!(
        browser.text("document.activeElement.textContent.trim()"),
        "Step A"
    );
}

const THEMES: [&str; 5] = ["light", "rust", "coal", "navy", "ayu"];

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

#[test]
fn what_the_script_adds_can_be_read_in_every_theme() {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    browser.open(&book.join("flags.html"));
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
        for part in [
            ".bar button[aria-disabled=false]",
            ".bar button[aria-disabled=true]",
            ".said",
            ".prediction button",
            "tr.now td",
            ".tally",
        ] {
            let contrast =
                browser.evaluate(&format!("{CONTRAST}(document.querySelector('{part}'))"));
            let contrast = contrast.as_f64().expect("a number");
            assert!(
                contrast >= 4.5,
                "{theme}: {part} has a contrast of {contrast:.1}"
            );
        }
    }
}

// Pictures ---------------------------------------------------------------------------------------------

#[rstest]
fn four_pages_are_drawn_in_light_and_dark(#[values("light", "dark")] scheme: &str) {
    let Some((mut browser, book)) = reader() else {
        return;
    };
    let folder = Path::new(ROOT).join("target/screenshots");
    fs::create_dir_all(&folder).unwrap();
    browser.pretend("", &[("prefers-color-scheme", scheme)]);
    let lost = "const game = document.querySelector('.game'); const press = n => game.querySelectorAll('button')[n].click();
        [0, 1, 0, 1].forEach(press); game.previousElementSibling.scrollIntoView(); scrollBy(0, -60)";
    let stepped = "const box = document.querySelectorAll('.stepper')[0];
        [1, 2, 3, 4].forEach(() => box.querySelectorAll('button')[2].click()); box.previousElementSibling.scrollIntoView(); scrollBy(0, -60)";
    let chosen = "const list = document.querySelector('.prediction'); list.querySelectorAll('button')[1].click();
        list.parentElement.querySelector('#predict-then-check').scrollIntoView(); scrollBy(0, -60)";
    let zoomed = "const box = document.querySelector('.zoom'); const press = n => box.querySelectorAll('button')[n].click();
        [0, 0].forEach(press); box.querySelector('.picture').focus(); box.previousElementSibling.scrollIntoView(); scrollBy(0, -60)";
    for (page, prepare) in [
        ("orders", lost),
        ("event", stepped),
        ("locked-flags", chosen),
        ("join", zoomed),
    ] {
        browser.open(&book.join(page).with_extension("html"));
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
