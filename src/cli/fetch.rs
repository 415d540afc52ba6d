//! `fetch`: the downloader as a tool.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::{Component, Path, PathBuf};
use std::thread;

use serde_json::{Value, json};
use threadproof::download::{Update, without_credentials};
use threadproof::{DownloadError, Downloader, Event, Receipt};

use super::failure::{Failure, code_of, make_folder};
use super::options::{Fetch, Options};
use super::output;
use super::print::{Mode, Story};
use super::printer::{Latest, Lines, Printer};

/// With what the names of temporary files and of parts begin.
const PREFIX: &[u8] = b".threadproof-";

/// Exit code when files failed in more than one way.
const SEVERAL_KINDS: u8 = 10;

pub(crate) fn run(fetch: &Fetch, options: &Options, stop: &'static Event) -> Result<(), Failure> {
    let folder = options.dir.clone().unwrap_or_else(|| PathBuf::from("."));
    let downloads = name_files(&fetch.urls, &folder)?;
    let downloader = downloader(fetch, options.workers);
    for (url, _) in &downloads {
        downloader
            .check(url)
            .map_err(|error| without_proxy(fetch, &error))?;
    }
    make_folder(&folder)?;
    let mode = if options.json {
        Mode::Silent
    } else {
        Mode::Live
    };
    // The files are the purpose: they come, whoever listens.
    let story = Story::new(mode, None);
    let name = |number: usize| {
        let name = downloads[number].1.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let latest = Latest::default();
    let outcomes = thread::scope(|scope| {
        let printer = Printer::start(scope, &story, &latest, name);
        let printer = printer.map_err(|error| Failure::io("cannot start a thread", error))?;
        // One line a file as it ends, so that the first result is seen at once.
        let report = |number: usize, update: Update<'_>| match update {
            Update::Progress(progress) => printer.progress(number, progress),
            Update::Ended(outcome) => {
                let (url, path) = &downloads[number];
                let mut lines = lines(fetch, options.json, url, path, outcome);
                // Of many that one signal has ended one line says all.
                if downloads.len() > 1 && matches!(outcome, Err(DownloadError::Stopped { .. })) {
                    lines.complained = None;
                }
                printer.ended(number, lines);
            }
        };
        Ok::<_, Failure>(downloader.fetch_all_with(&downloads, stop, &report))
    })?;
    let is_stopped =
        |outcome: &&Result<_, _>| matches!(outcome, Err(DownloadError::Stopped { .. }));
    let stopped = outcomes.iter().filter(is_stopped).count();
    if stopped > 0 && downloads.len() > 1 {
        let files = downloads.len();
        story.complain(&format!("threadproof: {stopped} of {files} files stopped"));
    }
    let code = |outcome: &Result<_, _>| outcome.as_ref().err().map_or(0, code_of);
    let codes: Vec<u8> = outcomes.iter().map(code).collect();
    let failed: Vec<u8> = codes.iter().copied().filter(|code| *code != 0).collect();
    let kinds: BTreeSet<u8> = failed.iter().copied().collect();
    let code = match kinds.first() {
        None => return Ok(()),
        Some(code) if kinds.len() == 1 => *code,
        Some(_) => SEVERAL_KINDS,
    };
    Err(Failure::Several {
        failed: failed.len(),
        files: codes.len(),
        code,
    })
}

/// What is said of a file that has ended.
fn lines(
    fetch: &Fetch,
    in_json: bool,
    url: &str,
    path: &Path,
    outcome: &Result<Receipt, DownloadError>,
) -> Lines {
    let url = without_credentials(url);
    let (plain, object, complained) = match outcome {
        Ok(receipt) => {
            let seconds = receipt.elapsed.as_secs_f64();
            let (bytes, attempts) = (receipt.bytes, receipt.attempts);
            let object = json!({ "bytes": bytes, "attempts": attempts, "seconds": seconds });
            (Some(format!("{receipt}, {seconds:.2} s")), object, None)
        }
        Err(error) => {
            let error = without_proxy(fetch, error).with_advice();
            let complaint = format!("threadproof: {error}");
            (None, json!({ "error": error }), Some(complaint))
        }
    };
    let said = match in_json {
        true => Some(output::json(&with_place(&url, path, object))),
        false => plain,
    };
    Lines { said, complained }
}

/// An error, and what to do about a proxy of the environment, of which one may know nothing.
fn without_proxy(fetch: &Fetch, error: &DownloadError) -> Failure {
    let is_of_proxy = matches!(
        error,
        DownloadError::BadProxy { .. } | DownloadError::Connect { proxy: Some(_), .. }
    );
    let what_to_do = match is_of_proxy && fetch.proxy.is_none() {
        true => "; --proxy '' asks directly",
        false => "",
    };
    Failure::Remote {
        code: code_of(error),
        words: format!("{error}{what_to_do}"),
    }
}

/// JSON knows text only: a path that is none stands there as it looks, and beside it are its bytes.
fn with_place(url: &str, path: &Path, mut object: Value) -> Value {
    object["url"] = json!(url);
    object["path"] = json!(path.to_string_lossy());
    if path.to_str().is_none() {
        object["path_bytes"] = json!(path.as_os_str().as_encoded_bytes());
    }
    object
}

fn downloader(fetch: &Fetch, workers: Option<NonZeroUsize>) -> Downloader {
    let mut builder = Downloader::builder()
        .stall(fetch.stall)
        .retries(fetch.retries);
    if let Some(total) = fetch.total {
        builder = builder.total(total);
    }
    if let Some(workers) = workers {
        builder = builder.workers(workers);
    }
    if let Some(limit) = fetch.max_bytes {
        builder = builder.max_bytes(limit);
    }
    builder = match &fetch.proxy {
        Some(proxy) => builder.proxy(proxy),
        None => builder.proxies_of_environment(),
    };
    builder
        .allow_unknown_length(fetch.allow_unknown_length)
        .resume(fetch.resume)
        .build()
}

/// Whether file systems take two names that differ in capitals for one.
const IGNORES_CAPITALS: bool = cfg!(any(windows, target_vendor = "apple"));

/// A file for each URL, named by the last part of its path; no two alike.
fn name_files(urls: &[String], folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut names = BTreeSet::new();
    let mut downloads = Vec::new();
    for url in urls {
        if !url.contains("://") {
            let shown = without_credentials(url);
            let why = format!("'{shown}' is no URL; it must begin with http:// or https://");
            return Err(Failure::Usage(why));
        }
        let name = file_name(url).ok_or_else(|| {
            Failure::Usage(format!(
                "{}: its path ends with no file name to save it under",
                without_credentials(url)
            ))
        })?;
        if is_reserved(name) {
            let why = format!("{name}: a name for what is kept of a download that was cut");
            return Err(Failure::Usage(why));
        }
        let key = match IGNORES_CAPITALS {
            true => name.to_lowercase(),
            false => name.to_owned(),
        };
        if !names.insert(key) {
            let why = format!("two URLs would be saved as {name}: fetch them into two folders");
            return Err(Failure::Usage(why));
        }
        downloads.push((url.clone(), folder.join(name)));
    }
    Ok(downloads)
}

/// Whether a download to another path may have a hidden file of this name; some file systems know no
/// capitals.
fn is_reserved(name: &str) -> bool {
    let begin = name.as_bytes().get(..PREFIX.len());
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(PREFIX))
}

fn file_name(url: &str) -> Option<&str> {
    // What is not part of a URL, as browsers read it: spaces around it; and a backslash is a slash there.
    let url = url.trim();
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let path = rest.split(['?', '#']).next()?;
    let (_, name) = path.rsplit_once(['/', '\\'])?;
    // So are encoded dots dots: they lead to another folder. And on Windows `c:name` to another drive.
    let dots = name.to_ascii_lowercase().replace("%2e", ".");
    let mut parts = Path::new(&dots).components();
    let is_name = matches!(
        (parts.next(), parts.next()),
        (Some(Component::Normal(_)), None)
    );
    is_name.then_some(name)
}
