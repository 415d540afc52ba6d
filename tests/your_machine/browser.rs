//! The book as a reader meets it: in a browser, with keys and buttons, in light and in dark.
//!
//! Pictures of some pages are left in `target/screenshots`, for a person to look at.

mod chapters;
mod chromium;
mod everybody;
mod game;
mod pages;
mod pictures;
mod predictions;
mod stepper;
mod zoom;

use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use threadproof::schedule::{Program, Run};

use crate::book::book;
use crate::needs::Need;
use crate::run::Test;
use crate::support::files_in;
use chromium::Chromium;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

const NEEDS: &[Need] = &[Need::Chromium, Need::MdBook];

pub(crate) fn tests() -> Vec<Test> {
    let tests = [
        chapters::tests(),
        stepper::tests(),
        zoom::tests(),
        game::tests(),
        predictions::tests(),
        pages::tests(),
        pictures::tests(),
        everybody::tests(),
    ];
    tests.into_iter().flatten().collect()
}

/// Browsers that no test has at this moment. To start one takes a second or two.
static FREE: Mutex<Vec<Chromium>> = Mutex::new(Vec::new());

/// A browser, for one test alone; the next one gets it with an empty page.
struct Reader(Option<Chromium>);

impl Deref for Reader {
    type Target = Chromium;

    fn deref(&self) -> &Chromium {
        self.0.as_ref().expect("it is given back in the end")
    }
}

impl DerefMut for Reader {
    fn deref_mut(&mut self) -> &mut Chromium {
        self.0.as_mut().expect("it is given back in the end")
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // Of a test that failed, too: it has left nothing in it but a page, which is turned over.
        let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
        free.extend(self.0.take());
    }
}

/// A browser, and the folder of the pages.
fn reader() -> (Reader, &'static Path) {
    let pages = &book().pages;
    let free = FREE.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut browser = free.unwrap_or_else(|| Chromium::start(Need::Chromium.program()));
    browser.turn_over();
    (Reader(Some(browser)), pages)
}

/// Opens what a chapter has for a second reading.
fn unfold(browser: &mut Chromium) {
    browser
        .evaluate("for (const fold of document.querySelectorAll('main :is(.layer, .layer .reveal)')) fold.open = true");
}

/// Where the tables of steps are that a page itself shows, and not a game.
const STEP_TABLES: &str = "[...document.querySelectorAll('main table')].filter(table => \
    table.tHead?.rows[0].cells[0].textContent === 'step' && !table.closest('.game'))";

/// Every order of both versions: what the page should know.
fn orders_of(program: &Program) -> Vec<Run> {
    program
        .versions()
        .iter()
        .flat_map(|version| version.orders())
        .collect()
}

/// Every page but the one for addresses that do not exist, which a server must place at the root.
fn every_page(book: &Path) -> Vec<PathBuf> {
    let is_page = |name: &String| name.ends_with(".html") && name != "404.html";
    let mut names = files_in(book);
    names.retain(is_page);
    assert!(names.len() > 15, "the book is there: {names:?}");
    names.into_iter().map(|name| book.join(name)).collect()
}

/// The pages that have these words in their source: the others need not be opened.
fn pages_with(book: &Path, words: &str) -> Vec<PathBuf> {
    let mut pages = every_page(book);
    pages.retain(|page| fs::read_to_string(page).expect("a page").contains(words));
    pages
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
