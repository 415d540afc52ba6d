//! Pictures of schedules and of runs: they can be read on a phone, in each theme, and by ear.

use serde_json::json;

use super::everybody::THEMES;
use super::{NEEDS, pages_with, reader};
use crate::run::Test;

pub(super) fn tests() -> Vec<Test> {
    vec![
        Test::new(
            NEEDS,
            the_words_of_every_picture_are_large_enough_on_a_phone,
        ),
        Test::new(NEEDS, of_two_drawings_the_one_that_has_room_is_shown),
        Test::new(NEEDS, every_picture_can_be_read_in_every_theme),
        Test::new(NEEDS, every_picture_says_in_words_what_it_shows),
        Test::new(
            NEEDS,
            on_paper_no_table_is_cut_off_and_no_claim_is_told_twice,
        ),
    ]
}

const PICTURES: &str = "[...document.querySelectorAll('main svg:is(.seq, .timeline)')]";

/// In pixels of the page, not of the picture.
const SMALLEST: &str = "Math.min(...[...document.querySelectorAll('main svg:is(.seq, .timeline) text')] \
    .filter(text => text.checkVisibility() && text.textContent) \
    .map(text => parseFloat(getComputedStyle(text).fontSize) * text.getScreenCTM().a))";

fn the_words_of_every_picture_are_large_enough_on_a_phone() {
    let (mut browser, book) = reader();
    let size = json!({ "width": 390, "height": 900, "deviceScaleFactor": 1, "mobile": false });
    browser.call("Emulation.setDeviceMetricsOverride", size);
    let mut wrong = Vec::new();
    for page in pages_with(book, "class=\"timeline\"")
        .iter()
        .chain(&pages_with(book, "class=\"seq "))
    {
        browser.open(page);
        browser.evaluate("for (const fold of document.querySelectorAll('main details:not([name])')) fold.open = true");
        let smallest = browser.evaluate(SMALLEST).as_f64().expect("a number");
        if smallest < 11.0 {
            wrong.push(format!("{}: {smallest:.1} px", page.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn of_two_drawings_the_one_that_has_room_is_shown() {
    let (mut browser, book) = reader();
    for (width, shown) in [(1280, "seq wide"), (390, "seq narrow")] {
        let size =
            json!({ "width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false });
        browser.call("Emulation.setDeviceMetricsOverride", size);
        browser.open(&book.join("loom.html"));
        let seen = format!(
            "{PICTURES}.filter(svg => svg.checkVisibility()).map(svg => svg.getAttribute('class')).join()"
        );
        assert_eq!(browser.text(&seen), shown);
    }
}

/// The lowest contrast of the words of a picture with what they stand on, and the word.
const LOWEST_CONTRAST: &str = "(() => {
    const parse = text => {
        const canvas = new OffscreenCanvas(1, 1).getContext('2d');
        canvas.fillStyle = text;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const light = colour => parse(colour).slice(0, 3)
        .map(value => value / 255)
        .map(value => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, index) => sum + value * [0.2126, 0.7152, 0.0722][index], 0);
    const style = (part, name) => getComputedStyle(part)[name];
    const ground = word => {
        const bar = word.closest('.span:not(.wait), .mark')?.querySelector('rect');
        const band = word.closest('.bad') && word.closest('svg').querySelector('.band.guilty');
        return bar ?? band ? style(bar ?? band, 'fill') : style(document.documentElement, 'backgroundColor');
    };
    const words = [...document.querySelectorAll('main .seq tspan, main .seq text:not(:has(tspan)), main .timeline text')]
        .filter(word => word.checkVisibility() && word.textContent);
    const of = word => {
        const [low, high] = [style(word, 'fill'), ground(word)].map(light).sort((a, b) => a - b);
        return [(high + 0.05) / (low + 0.05), `${word.getAttribute('class')} ${word.textContent}`];
    };
    return words.map(of).sort((a, b) => a[0] - b[0])[0];
})()";

fn every_picture_can_be_read_in_every_theme() {
    let (mut browser, book) = reader();
    let mut wrong = Vec::new();
    for page in ["locked-flags", "event", "thread-pool"] {
        browser.open(&book.join(page).with_extension("html"));
        browser.evaluate("for (const fold of document.querySelectorAll('main details:not([name])')) fold.open = true");
        for theme in THEMES {
            browser.evaluate(&format!(
                "document.getElementById('mdbook-theme-{theme}').click()"
            ));
            browser.until(&format!(
                "document.documentElement.classList.contains('{theme}')"
            ));
            let lowest = browser.evaluate(LOWEST_CONTRAST);
            if lowest[0].as_f64().expect("a number") < 4.5 {
                wrong.push(format!("{page}, {theme}: {lowest}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn every_picture_says_in_words_what_it_shows() {
    let (mut browser, book) = reader();
    for page in pages_with(book, "class=\"seq ") {
        browser.open(&page);
        let told = format!(
            "{PICTURES}.every(svg => svg.getAttribute('role') === 'img' && svg.querySelector('title').textContent \
             && svg.querySelector('desc').textContent.length > 40)"
        );
        assert!(browser.is(&told), "{}", page.display());
        // A link to an id would lead to the first of two pictures, so there are none.
        assert!(browser.is(&format!(
            "{PICTURES}.every(svg => !svg.querySelector('[id]'))"
        )));
    }
}

fn on_paper_no_table_is_cut_off_and_no_claim_is_told_twice() {
    let (mut browser, book) = reader();
    // The width of a letter's sheet without its margins.
    let size = json!({ "width": 739, "height": 978, "deviceScaleFactor": 1, "mobile": false });
    browser.call("Emulation.setDeviceMetricsOverride", size);
    browser.pretend("print", &[]);
    browser.open(&book.join("print.html"));
    browser
        .evaluate("for (const fold of document.querySelectorAll('main details')) fold.open = true");
    let cut = "[...document.querySelectorAll('main table')].filter(table => table.checkVisibility() && \
        table.getBoundingClientRect().right > document.querySelector('main').getBoundingClientRect().right + 1) \
        .map(table => table.textContent.trim().slice(0, 60)).join(' and ')";
    assert_eq!(browser.text(cut), "");
    let all = "[...document.querySelectorAll('.all-claims table')].some(table => table.checkVisibility())";
    assert!(!browser.is(all), "the chapters have them");
    browser.open(&book.join("claims.html"));
    assert!(browser.is(all), "alone it shows them");
}
