//! The picture of a run: its parts are seen larger.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::chromium::Chromium;
use super::{NEEDS, ROOT, complaints, pages_with, reader, unfold};
use crate::run::Test;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            NEEDS,
            keys_zoom_the_picture_of_a_run_and_mean_no_other_chapter,
        ),
        Test::new(NEEDS, buttons_zoom_the_picture_of_a_run_and_bring_it_back),
        Test::new(
            NEEDS,
            every_picture_of_a_run_can_be_zoomed_and_is_whole_on_paper,
        ),
    ]
}

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

fn keys_zoom_the_picture_of_a_run_and_mean_no_other_chapter() {
    let (mut browser, book) = reader();
    browser.open(&book.join("thread-pool.html"));
    unfold(&mut browser);
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

fn buttons_zoom_the_picture_of_a_run_and_bring_it_back() {
    let (mut browser, book) = reader();
    browser.open(&book.join("thread-pool.html"));
    unfold(&mut browser);
    browser.evaluate(LOOK_AT_THE_PICTURE);
    let recorded = Path::new(ROOT).join("fixtures/blessed/timelines/thread-pool.svg");
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

fn every_picture_of_a_run_can_be_zoomed_and_is_whole_on_paper() {
    let (mut browser, book) = reader();
    let mut n_pictures = 0;
    for page in pages_with(book, "class=\"timeline\"") {
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
