//! `fetch`: the downloader as a tool.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde_json::{Value, json};
use threadproof::download::{Update, without_credentials};
use threadproof::{DownloadError, Downloader, Event, Receipt};

use super::failure::{Failure, code_of, make_folder};
use super::options::{Fetch, Options};
use super::print::{Mode, Story};

/// Exit code when files failed in more than one way.
const SEVERAL_KINDS: u8 = 10;

pub(crate) fn run(fetch: &Fetch, options: &Options, stop: &'static Event) -> Result<(), Failure> {
    if options.url.is_some() {
        return Err(Failure::Usage(
            "fetch takes its URLs without --url".to_owned(),
        ));
    }
    let folder = options.dir.clone().unwrap_or_else(|| PathBuf::from("."));
    let downloads = name_files(&fetch.urls, &folder)?;
    make_folder(&folder)?;
    let downloader = downloader(fetch, options.workers);
    let mode = if options.json {
        Mode::Silent
    } else {
        Mode::Live
    };
    // The files are the purpose: they come, whoever listens.
    let story = Story::new(mode, None);
    let bars: Vec<OnceLock<_>> = downloads.iter().map(|_| OnceLock::new()).collect();
    // One line a file as it ends, so that the first result is seen at once.
    let outcomes = downloader.fetch_all_with(&downloads, stop, &|number, update| {
        let (url, path) = &downloads[number];
        match update {
            Update::Progress(progress) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let bar = bars[number].get_or_init(|| story.bar(&name));
                bar.set_length(progress.total.unwrap_or(progress.bytes));
                bar.set_position(progress.bytes);
            }
            Update::Ended(outcome) => {
                if let Some(bar) = bars[number].get() {
                    bar.finish_and_clear();
                }
                tell(&story, options.json, url, path, outcome);
            }
        }
    });
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

/// The line of a file that has ended.
fn tell(
    story: &Story,
    in_json: bool,
    url: &str,
    path: &Path,
    outcome: &Result<Receipt, DownloadError>,
) {
    let url = without_credentials(url);
    let in_story = |more: Value| story.json(&with_place(&url, path, more));
    match outcome {
        Ok(receipt) => {
            let seconds = receipt.elapsed.as_secs_f64();
            if in_json {
                let (bytes, attempts) = (receipt.bytes, receipt.attempts);
                in_story(json!({ "bytes": bytes, "attempts": attempts, "seconds": seconds }));
            }
            story.plain(&format!("{receipt}, {seconds:.2} s"));
        }
        Err(error) => {
            if in_json {
                in_story(json!({ "error": error.to_string() }));
            }
            story.complain(&format!("threadproof: {error}"));
        }
    }
}

/// JSON knows text only: a path that is none stands there as it looks, and beside it are its bytes.
fn with_place(url: &str, path: &Path, mut object: Value) -> Value {
    object["url"] = json!(url);
    object["path"] = json!(path.to_string_lossy());
    if path.to_str().is_none() {
        object["path_bytes"] = json!(path.as_os_str().as_bytes());
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

/// A file for each URL, named by the last part of its path; no two alike.
fn name_files(urls: &[String], folder: &Path) -> Result<Vec<(String, PathBuf)>, Failure> {
    let mut names = BTreeSet::new();
    let mut downloads = Vec::new();
    for url in urls {
        if !url.contains("://") {
            let shown = without_credentials(url);
            let why = format!("{shown}: no URL; it must begin with http:// or https://");
            return Err(Failure::Usage(why));
        }
        let name = file_name(url).ok_or_else(|| {
            Failure::Usage(format!(
                "{}: its path ends with no file name to save it under",
                without_credentials(url)
            ))
        })?;
        if !names.insert(name) {
            let why = format!("two URLs would be saved as {name}: fetch them into two folders");
            return Err(Failure::Usage(why));
        }
        downloads.push((url.clone(), folder.join(name)));
    }
    Ok(downloads)
}

fn file_name(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let path = rest.split(['?', '#']).next()?;
    let (_, name) = path.rsplit_once('/')?;
    (!name.is_empty() && name != "." && name != "..").then_some(name)
}
