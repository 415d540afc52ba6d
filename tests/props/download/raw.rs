//! The real client against raw bytes of a server, over loopback.
//!
//! Two kinds of servers. The *honest* one says nothing untrue of what it sends, in any form that HTTP has
//! and in some that it has not, and may end anywhere: then each file that is saved is one of its
//! versions, byte for byte. Of the *mad* one single bytes are changed besides, so that it may say
//! anything: then nothing panics or hangs, and a failure leaves the old file.
//!
//! `FUZZ_SECONDS` says for how long; one second each, unless told.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};
use tempfile::TempDir;
use threadproof::back_off::BackOff;
use threadproof::{DownloadError, Downloader, Event};

use crate::support::{RawServer, Said, files_in};

const OLD: &[u8] = b"the good old file";
const PART: &str = ".threadproof-a.bin.part";
const NOTE: &str = ".threadproof-a.bin.part-note";
const LENGTH: usize = 1_000;
const DATES: [&str; 2] = [
    "Mon, 01 Jan 2024 00:00:00 GMT",
    "Tue, 02 Jan 2024 00:00:00 GMT",
];

/// No two versions have a byte in common, and each byte says where it is.
fn version(number: usize) -> Vec<u8> {
    (0..LENGTH)
        .map(|at| (at % 100 + number * 100) as u8)
        .collect()
}

/// One answer, before it is known what is asked for.
#[derive(Clone, Debug)]
struct Answer {
    version: usize,
    kind: Kind,
    validator: Validator,
    framing: Framing,
    protocol: &'static str,
    /// Lines that mean nothing, or nothing here.
    lines: Vec<&'static str>,
    /// After how many bytes the connection ends, if before the last.
    cut: Option<usize>,
    keeps: bool,
    /// Bytes that are changed: which, and to what.
    changes: Vec<(usize, u8)>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The whole file, whatever was asked for.
    Whole,
    /// What was asked for, moved by so many bytes, and no longer than that.
    Rest {
        moved: i64,
        most: usize,
    },
    /// The same, with another status.
    RestAs(u16),
    /// A 416 of this length.
    Unsatisfied {
        total: usize,
    },
    Status(u16),
    Redirect(&'static str),
}

#[derive(Clone, Copy, Debug)]
enum Validator {
    None,
    Etag,
    Weak,
    Date,
    Both,
    /// With a coding, of which there is one version more.
    Coded,
}

#[derive(Clone, Copy, Debug)]
enum Framing {
    Length,
    /// It is said twice.
    Lengths,
    /// More than comes.
    TooLong,
    Chunks(usize),
    /// A chunk's length that no memory holds.
    HugeChunk,
    GzipChunks,
    UntilClose,
}

impl Answer {
    fn bytes(&self, head: &str) -> Vec<u8> {
        let asked = head.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            let is_range = name.eq_ignore_ascii_case("range");
            let first = value.strip_prefix("bytes=")?.strip_suffix('-')?;
            is_range.then(|| first.parse::<usize>().ok()).flatten()
        });
        let whole = version(self.version);
        let (mut status, mut body, mut said) = (200, whole.clone(), String::new());
        match self.kind {
            Kind::Whole => {}
            Kind::Rest { .. } | Kind::RestAs(_) => {
                let (moved, most) = match self.kind {
                    Kind::Rest { moved, most } => (moved, most),
                    _ => (0, LENGTH),
                };
                let first = asked.unwrap_or(0).saturating_add_signed(moved as isize);
                let first = first.min(LENGTH - 1);
                let end = (first + most).clamp(first + 1, LENGTH);
                body = whole[first..end].to_vec();
                said = format!("Content-Range: bytes {first}-{}/{LENGTH}\r\n", end - 1);
                status = match self.kind {
                    Kind::RestAs(status) => status,
                    _ => 206,
                };
            }
            Kind::Unsatisfied { total } => {
                (status, body) = (416, Vec::new());
                said = format!("Content-Range: bytes */{total}\r\n");
            }
            Kind::Status(code) => (status, body) = (code, b"an error page".to_vec()),
            Kind::Redirect(to) => {
                (status, body) = (302, Vec::new());
                said = format!("Location: {to}\r\n");
            }
        }
        let etag = format!("ETag: \"v{}\"\r\n", self.version);
        let date = DATES[self.version];
        let date = format!("Date: Wed, 01 Jan 2025 00:00:00 GMT\r\nLast-Modified: {date}\r\n");
        said += &match self.validator {
            Validator::None => String::new(),
            Validator::Etag => etag,
            Validator::Weak => etag.replacen('"', "W/\"", 1),
            Validator::Date => date,
            Validator::Both => etag + &date,
            Validator::Coded => format!("{etag}Content-Encoding: gzip\r\n"),
        };
        for line in &self.lines {
            said += &format!("{line}\r\n");
        }
        let length = body.len();
        let chunked = |body: &[u8], size: usize| {
            let chunks = body.chunks(size).flat_map(|chunk| {
                let line = format!("{:x};x=y\r\n", chunk.len());
                [line.as_bytes(), chunk, b"\r\n"].concat()
            });
            chunks.chain(*b"0\r\nX-Trailer: a\r\n\r\n").collect()
        };
        match self.framing {
            Framing::Length => said += &format!("Content-Length: {length}\r\n"),
            Framing::Lengths => {
                said += &format!("Content-Length: {length}\r\ncontent-length: {length}\r\n");
            }
            Framing::TooLong => said += &format!("Content-Length: {}\r\n", length + 7),
            Framing::Chunks(size) => {
                said += "Transfer-Encoding: chunked\r\n";
                body = chunked(&body, size);
            }
            Framing::HugeChunk => {
                said += "Transfer-Encoding: chunked\r\n";
                body = [b"ffffffffffffffff\r\n", &*body].concat();
            }
            Framing::GzipChunks => {
                said += "Transfer-Encoding: gzip, chunked\r\n";
                body = chunked(&body, 300);
            }
            Framing::UntilClose => {}
        }
        let head = format!("{} {status} Said\r\n{said}\r\n", self.protocol);
        let mut bytes = [head.as_bytes(), &body].concat();
        for (at, to) in &self.changes {
            let at = at % bytes.len();
            bytes[at] = *to;
        }
        bytes.truncate(self.cut.map_or(bytes.len(), |cut| cut % (bytes.len() + 1)));
        bytes
    }

    fn say(&self, head: &str) -> Said {
        let ends = matches!(self.framing, Framing::UntilClose | Framing::TooLong);
        let bytes = self.bytes(head);
        match self.keeps && self.cut.is_none() && !ends && self.changes.is_empty() {
            true => Said::Keep(bytes),
            false => Said::Close(bytes),
        }
    }
}

fn kinds() -> impl Strategy<Value = Kind> {
    let rest = |(moved, most)| Kind::Rest { moved, most };
    let statuses =
        prop::sample::select(vec![204, 304, 400, 403, 404, 429, 500, 503, 100, 101, 999]);
    let places = prop::sample::select(vec![
        "/",
        "?a",
        "//",
        "http://[::",
        "ftp://a/",
        "http://a:99999/",
    ]);
    prop_oneof![
        4 => Just(Kind::Whole),
        6 => Just(Kind::Rest { moved: 0, most: LENGTH }),
        2 => (-3i64..4, 1usize..LENGTH).prop_map(rest),
        1 => prop::sample::select(vec![200u16, 203]).prop_map(Kind::RestAs),
        1 => prop::sample::select(vec![LENGTH, 0, 600]).prop_map(|total| Kind::Unsatisfied { total }),
        2 => statuses.prop_map(Kind::Status),
        1 => places.prop_map(Kind::Redirect),
    ]
}

fn answers() -> impl Strategy<Value = Answer> {
    let validator = prop_oneof![
        3 => Just(Validator::None),
        5 => Just(Validator::Etag),
        1 => Just(Validator::Weak),
        2 => Just(Validator::Date),
        2 => Just(Validator::Both),
        1 => Just(Validator::Coded),
    ];
    let framing = prop_oneof![
        12 => Just(Framing::Length),
        1 => Just(Framing::Lengths),
        1 => Just(Framing::TooLong),
        3 => (1usize..700).prop_map(Framing::Chunks),
        1 => Just(Framing::HugeChunk),
        1 => Just(Framing::GzipChunks),
        1 => Just(Framing::UntilClose),
    ];
    // Most of an answer is in order, so that what is not makes the difference.
    let protocol = prop_oneof![
        12 => Just("HTTP/1.1"),
        1 => prop::sample::select(vec!["HTTP/1.0", "HTTP/2", "ICY", ""]),
    ];
    let lines = vec![
        "Retry-After: 0",
        "Retry-After: 99999999999999999999",
        "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT",
        "Retry-After: soon",
        "Connection: close",
        "Connection: keep-alive",
        "Content-Type: multipart/byteranges; boundary=x",
        "Accept-Ranges: none",
        "X-\u{fc}: \u{fc}",
        "no colon",
        " folded",
        ": no name",
    ];
    let line = prop::option::weighted(0.3, prop::sample::select(lines));
    let lines = line.prop_map(Vec::from_iter);
    let cut = prop::option::weighted(0.4, any::<usize>());
    let rest = (protocol, lines, cut, any::<bool>());
    (0usize..2, kinds(), validator, framing, rest).prop_map(
        |(version, kind, validator, framing, (protocol, lines, cut, keeps))| Answer {
            version,
            kind,
            validator,
            framing,
            protocol,
            lines,
            cut,
            keeps,
            changes: Vec::new(),
        },
    )
}

/// Bytes that HTTP means something by come oftener.
fn changes() -> impl Strategy<Value = Vec<(usize, u8)>> {
    let byte = prop_oneof![
        any::<u8>(),
        prop::sample::select(b"\r\n :;,/-0129af\"*=".to_vec())
    ];
    // A head is some hundred bytes.
    let place = prop_oneof![3 => 0usize..300, 1 => any::<usize>()];
    prop::collection::vec((place, byte), 1..6)
}

fn scripts() -> impl Strategy<Value = Vec<Answer>> {
    prop::collection::vec(answers(), 1..7)
}

fn mad_scripts() -> impl Strategy<Value = Vec<Answer>> {
    let mad = (answers(), prop::option::weighted(0.7, changes()));
    let mad = mad.prop_map(|(answer, changes)| Answer {
        changes: changes.unwrap_or_default(),
        ..answer
    });
    prop::collection::vec(mad, 1..7)
}

/// Answers by the script of the path; what is behind its end is a good answer.
struct Server {
    raw: RawServer,
    scripts: Arc<Mutex<HashMap<String, Vec<Answer>>>>,
}

impl Server {
    fn start() -> Self {
        let scripts: Arc<Mutex<HashMap<String, Vec<Answer>>>> = Arc::default();
        let known = Arc::clone(&scripts);
        let raw = RawServer::start(move |head, _| {
            let path = head.split(' ').nth(1).unwrap_or_default();
            let name = path.split(['?', '/']).nth(1).unwrap_or_default();
            let mut known = known.lock().unwrap();
            let next = known.get_mut(name).and_then(Vec::pop);
            drop(known);
            next.map_or_else(|| Said::Close(good(1)), |answer| answer.say(head))
        });
        Self { raw, scripts }
    }

    fn url(&self, name: &str, mut script: Vec<Answer>) -> String {
        script.reverse();
        self.scripts.lock().unwrap().insert(name.to_owned(), script);
        self.raw.url(&format!("/{name}"))
    }
}

fn good(number: usize) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\nETag: \"v{number}\"\r\n\r\n");
    [head.as_bytes(), &version(number)].concat()
}

/// Under such a name coded bytes are a file as well.
fn name_of(number: impl std::fmt::Display) -> String {
    format!("{number}.gz")
}

fn downloader(resume: bool) -> Downloader {
    let settings = Downloader::builder()
        .resume(resume)
        .retries(2)
        .back_off(BackOff::new(Duration::ZERO, Duration::ZERO))
        .stall(Duration::from_millis(100));
    settings.total(Duration::from_secs(20)).build()
}

/// Where nothing is written to a disk, if there is such a place: each download would wait for it.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    match memory.is_dir() {
        true => tempfile::tempdir_in(memory).unwrap(),
        false => tempfile::tempdir().unwrap(),
    }
}

/// What is so whatever the server says.
fn is_sound(
    folder: &Path,
    before: &[u8],
    outcome: &Result<threadproof::Receipt, DownloadError>,
) -> TestCaseResult {
    let now = fs::read(folder.join("a.bin")).unwrap();
    match outcome {
        Ok(receipt) => prop_assert_eq!(receipt.bytes, now.len() as u64),
        Err(DownloadError::DeadlineExceeded { .. }) => prop_assert!(false, "it hangs"),
        Err(_) => prop_assert!(now == before, "the old file is harmed"),
    }
    let astray = files_in(folder);
    let mut astray = astray
        .iter()
        .filter(|name| !["a.bin", PART, NOTE].contains(&&***name));
    prop_assert_eq!(astray.next(), None);
    Ok(())
}

/// Runs cases of a strategy until the time is over.
fn fuzz<S: Strategy>(strategy: &S, case: impl Fn(usize, S::Value) -> TestCaseResult) {
    let seconds = std::env::var("FUZZ_SECONDS").ok();
    let seconds = seconds.map_or(1.0, |seconds| {
        seconds.parse().expect("FUZZ_SECONDS is a number")
    });
    let (start, number) = (Instant::now(), std::cell::Cell::new(0));
    while start.elapsed() < Duration::from_secs_f64(seconds) {
        let config = ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::with_cases(16)
        };
        let ended = TestRunner::new(config).run(strategy, |value| {
            number.set(number.get() + 1);
            case(number.get(), value)
        });
        ended.unwrap_or_else(|error| panic!("{error}"));
    }
    println!("{} cases", number.get());
}

/// D1, D2, D13.
#[test]
fn what_an_honest_server_sends_in_any_form_is_saved_as_a_version_or_not_at_all() {
    let server = Server::start();
    fuzz(
        &(scripts(), prop::bool::weighted(0.8)),
        |number, (script, resume)| {
            let folder = folder();
            let path = folder.path().join("a.bin");
            fs::write(&path, OLD).unwrap();
            let (url, downloader) = (server.url(&name_of(number), script), downloader(resume));
            for _ in 0..3 {
                let before = fs::read(&path).unwrap();
                let outcome = downloader.fetch(&url, &path, &Event::new());
                is_sound(folder.path(), &before, &outcome)?;
                let now = fs::read(&path).unwrap();
                let is_version = (0..2).any(|number| now == version(number));
                prop_assert!(outcome.is_err() || is_version, "a mixture");
            }
            Ok(())
        },
    );
}

/// D1, D2.
#[test]
fn whatever_bytes_a_server_sends_a_download_ends_and_spares_the_old_file() {
    let server = Server::start();
    fuzz(
        &(mad_scripts(), any::<bool>(), changes()),
        |number, (script, resume, changes)| {
            let folder = folder();
            let path = folder.path().join("a.bin");
            fs::write(&path, OLD).unwrap();
            let (url, downloader) = (server.url(&name_of(number), script), downloader(resume));
            for _ in 0..3 {
                let before = fs::read(&path).unwrap();
                let outcome = downloader.fetch(&url, &path, &Event::new());
                is_sound(folder.path(), &before, &outcome)?;
                // And a note that anybody may have changed.
                if let Ok(mut note) = fs::read(folder.path().join(NOTE)) {
                    for (at, to) in &changes {
                        let at = at % note.len();
                        note[at] = *to;
                    }
                    fs::write(folder.path().join(NOTE), note).unwrap();
                }
            }
            Ok(())
        },
    );
}
