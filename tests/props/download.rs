//! The file that arrives against the body that was sent, wherever the connection is cut.

mod raw;

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use threadproof::local_server::{Fault, Framing, Hangup, LocalServer, Reply, Site};
use threadproof::{DownloadError, Downloader, Event, Progress};

use crate::support::{count, files_in};

const FRAMINGS: [Framing; 2] = [Framing::ContentLength, Framing::Chunked];

fn body(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n % 251) as u8).collect()
}

fn framings() -> impl Strategy<Value = Framing> {
    prop::sample::select(FRAMINGS.to_vec())
}

/// D1. Every cut of a small body, and one behind its last byte.
#[test]
fn a_cut_at_any_byte_leaves_the_old_file_or_the_whole_new_one() {
    let (old, new) = (b"the good old file", body(40));
    for how in [Hangup::Fin, Hangup::Rst] {
        for framing in FRAMINGS {
            for after in 0..=new.len() {
                let reply = Reply::ok(new.clone())
                    .framing(framing)
                    .fault(Fault::Cut { after, how });
                let server = LocalServer::start(Site::new().page("/a", reply)).unwrap();
                let folder = tempfile::tempdir().unwrap();
                let path = folder.path().join("a.bin");
                fs::write(&path, old).unwrap();

                let outcome = Downloader::new().fetch(&server.url("/a"), &path, &Event::new());
                assert_eq!(files_in(folder.path()), ["a.bin"]);
                let content = fs::read(&path).unwrap();
                match outcome {
                    Ok(receipt) => {
                        assert_eq!((framing, after), (Framing::ContentLength, 40));
                        assert_eq!((receipt.bytes, &content), (40, &new));
                    }
                    Err(error) => {
                        assert!(matches!(error, DownloadError::Truncated { .. }), "{error}");
                        assert_eq!(content, old);
                    }
                }
                // A whole body is a success, unless the reset has overtaken it.
                if (framing, after, how) == (Framing::ContentLength, 40, Hangup::Fin) {
                    assert_eq!(content, new);
                }
            }
        }
    }
}

/// What happens to a resumed download: which version the server has, what goes wrong, and what a
/// killed program would have left of the part.
#[derive(Clone, Debug)]
struct Run {
    version: u8,
    has_name: bool,
    framing: Framing,
    cut: Option<usize>,
    damage: Damage,
}

#[derive(Clone, Copy, Debug)]
enum Damage {
    None,
    Longer,
    Shorter,
    NoNote,
    NoPart,
}

const LENGTH: usize = 3_000;

/// No two versions have a byte in common.
fn version(number: u8) -> Vec<u8> {
    vec![number; LENGTH]
}

impl Run {
    fn reply(&self) -> Reply {
        let mut reply = Reply::ok(version(self.version))
            .framing(self.framing)
            .ranges();
        if self.has_name {
            reply = reply.header("ETag", &format!("\"{}\"", self.version));
        }
        let how = Hangup::Fin;
        self.cut
            .into_iter()
            .fold(reply, |reply, after| reply.fault(Fault::Cut { after, how }))
    }

    fn harm(&self, folder: &Path) {
        let (part, note) = (
            folder.join(".threadproof-a.bin.part"),
            folder.join(".threadproof-a.bin.part-note"),
        );
        let Ok(kept) = fs::read(&part) else { return };
        match self.damage {
            Damage::None => {}
            Damage::Longer => fs::write(part, [&kept[..], b"garbage"].concat()).unwrap(),
            Damage::Shorter => fs::write(part, &kept[..kept.len() / 2]).unwrap(),
            Damage::NoNote => fs::remove_file(note).unwrap(),
            Damage::NoPart => fs::remove_file(part).unwrap(),
        }
    }
}

fn runs() -> impl Strategy<Value = Vec<Run>> {
    let damage = prop::sample::select(vec![
        Damage::None,
        Damage::None,
        Damage::Longer,
        Damage::Shorter,
        Damage::NoNote,
        Damage::NoPart,
    ]);
    let cut = prop::option::weighted(0.8, 0..LENGTH);
    let run = (1u8..4, prop::bool::weighted(0.9), framings(), cut, damage);
    let run = run.prop_map(|(version, has_name, framing, cut, damage)| Run {
        version,
        has_name,
        framing,
        cut,
        damage,
    });
    prop::collection::vec(run, 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// D9.
    #[test]
    fn progress_strictly_increases_and_ends_at_the_total(length in 0usize..2_000_000, framing in framings()) {
        let body = body(length);
        let site = Site::new().page("/a", Reply::ok(body.clone()).framing(framing));
        let server = LocalServer::start(site).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        let mut reports: Vec<Progress> = Vec::new();
        let receipt = Downloader::new()
            .fetch_with(&server.url("/a"), &path, &Event::new(), &mut |progress| reports.push(progress))
            .unwrap();
        prop_assert_eq!(receipt.bytes, length as u64);
        prop_assert!(reports.is_sorted_by(|one, next| one.bytes < next.bytes));
        let total = (framing == Framing::ContentLength).then_some(length as u64);
        prop_assert!(reports.iter().all(|report| report.bytes > 0 && report.total == total));
        // An empty body has no pieces to report.
        prop_assert_eq!(reports.last().map_or(0, |report| report.bytes), length as u64);
        prop_assert!(fs::read(path).unwrap() == body);
    }

    /// D7 and D11: whatever each server does, each outcome is its own.
    #[test]
    fn many_downloads_equal_the_same_ones_done_alone(
        pages in prop::collection::vec((0usize..30_000, framings(), 0usize..4, 1usize..4), 0..12),
        workers in 1usize..6,
    ) {
        let serve = || {
            let site = pages.iter().enumerate().fold(Site::new(), |site, (number, page)| {
                let (length, framing, failures, cuts) = *page;
                let whole = Reply::ok(body(length)).framing(framing);
                let failing = match number % 2 {
                    // Without a body: a client that gives one up is not gone for the server at once.
                    0 => Reply::status(503).header("Retry-After", "0").body(*b""),
                    _ => whole.clone().fault(Fault::CutHead { after: cuts, how: Hangup::Fin }),
                };
                site.script(&format!("/{number}"), vec![failing; failures].into_iter().chain([whole]))
            });
            (LocalServer::start(site).unwrap(), tempfile::tempdir().unwrap())
        };
        let settings = Downloader::builder()
            .retries(2)
            .back_off(threadproof::back_off::BackOff::new(std::time::Duration::ZERO, std::time::Duration::ZERO))
            .workers(count(workers));
        let downloader = settings.build();
        let (stop, (server, folder)) = (Event::new(), serve());
        let alone: Vec<_> = (0..pages.len())
            .map(|number| {
                let path = folder.path().join(number.to_string());
                let outcome = downloader.fetch(&server.url(&number.to_string()), &path, &stop);
                (outcome.map(|receipt| (receipt.bytes, receipt.attempts)).ok(), fs::read(path).ok())
            })
            .collect();

        let (server, folder) = serve();
        let path = |number: usize| folder.path().join(number.to_string());
        let downloads: Vec<_> = (0..pages.len())
            .map(|number| (server.url(&number.to_string()), path(number)))
            .collect();
        let outcomes = downloader.fetch_all(&downloads, &stop);
        let together: Vec<_> = outcomes
            .into_iter()
            .enumerate()
            .map(|(number, outcome)| {
                (outcome.map(|receipt| (receipt.bytes, receipt.attempts)).ok(), fs::read(path(number)).ok())
            })
            .collect();
        prop_assert_eq!(together, alone);
        prop_assert!(server.most_at_once() <= workers);
    }

    /// D1, for resumed downloads: never the beginning of one version and the end of another.
    #[test]
    fn a_resumed_download_is_one_version_or_an_error(runs in runs()) {
        let site = Site::new().script("/a", runs.iter().map(Run::reply));
        let server = LocalServer::start(site).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        let downloader = Downloader::builder().resume(true).build();
        let mut before = b"the good old file".to_vec();
        fs::write(&path, &before).unwrap();
        let mut has_no_note = false;
        for run in &runs {
            let outcome = downloader.fetch(&server.url("/a"), &path, &Event::new());
            let now = fs::read(&path).unwrap();
            match outcome {
                Ok(receipt) => {
                    prop_assert_eq!(receipt.bytes, LENGTH as u64);
                    prop_assert!(now == version(now[0]), "a mixture");
                    prop_assert_eq!(files_in(folder.path()), ["a.bin"]);
                }
                Err(error) => {
                    // Without its note a part is somebody's file, who has to take it away.
                    let is_foreign = has_no_note && matches!(error, DownloadError::Write { .. });
                    let is_cut = matches!(error, DownloadError::Truncated { .. });
                    prop_assert!(is_foreign || is_cut, "{}", error);
                    prop_assert!(now == before);
                    if is_foreign {
                        fs::remove_file(folder.path().join(".threadproof-a.bin.part")).unwrap();
                    }
                }
            }
            before = now;
            run.harm(folder.path());
            has_no_note = matches!(run.damage, Damage::NoNote);
        }
    }
}
