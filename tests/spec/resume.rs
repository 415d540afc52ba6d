//! <https://www.rfc-editor.org/rfc/rfc9110#name-range-requests>: a download that goes on where an
//! earlier one ended.
//!
//! The row D1 of resumed downloads: the file is one version, byte for byte, or there is an error
//! and the old file. curl, wget and aria2 join two versions into one file and exit with 0.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rstest::rstest;
use tempfile::TempDir;
use threadproof::back_off::BackOff;
use threadproof::local_server::{Fault, Framing, Hangup, LocalServer, Reply, Site};
use threadproof::{DownloadError, Downloader, DownloaderBuilder, Event, Progress, Receipt};

use crate::support::{files_in, passes_in_its_own_process};

const OLD: &[u8] = b"the good old file";
const LENGTH: usize = 10_000;
const CUT: usize = 6_000;
const PART: &str = ".threadproof-a.bin.part";
const NOTE: &str = ".threadproof-a.bin.part-note";

/// A version of the file: all versions have the same length and no byte in common.
fn body(version: u8) -> Vec<u8> {
    (0..LENGTH)
        .map(|n| (n % 100) as u8 + (version - 1) * 100)
        .collect()
}

/// The version with its name, from a server that can send the rest of it.
fn whole(version: u8) -> Reply {
    Reply::ok(body(version))
        .header("ETag", &etag(version))
        .ranges()
}

fn etag(version: u8) -> String {
    format!("\"version {version}\"")
}

fn cut(reply: Reply) -> Reply {
    reply.fault(Fault::Cut {
        after: CUT,
        how: Hangup::Fin,
    })
}

/// What an answer to `Range: bytes=6000-` says when it is right.
fn rest(range: &str) -> Reply {
    Reply::status(206)
        .body(&body(1)[CUT..])
        .header("ETag", &etag(1))
        .header("Content-Range", range)
}

fn settings() -> DownloaderBuilder {
    let zero = std::time::Duration::ZERO;
    let at_once = BackOff::new(zero, zero);
    Downloader::builder().resume(true).back_off(at_once)
}

/// A server that gives these replies one after the other, and a folder with an old file.
struct Scene {
    server: LocalServer,
    folder: TempDir,
}

impl Scene {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::of(Site::new().script("/a", replies))
    }

    fn of(site: Site) -> Self {
        let server = LocalServer::start(site).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.bin"), OLD).unwrap();
        Self { server, folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn fetch(&self, settings: DownloaderBuilder) -> Result<Receipt, DownloadError> {
        let url = self.server.url("/a");
        settings
            .build()
            .fetch(&url, &self.at("a.bin"), &Event::new())
    }

    /// The first download, which is cut and leaves a part.
    #[track_caller]
    fn is_cut(&self) {
        let error = self.fetch(settings()).unwrap_err();
        let (expected, got) = (Some(LENGTH as u64), CUT as u64);
        assert!(
            matches!(error, DownloadError::Truncated { expected: e, got: g, .. } if (e, g) == (expected, got)),
            "{error}"
        );
        self.has_old_and(&[PART, NOTE]);
        assert_eq!(fs::read(self.at(PART)).unwrap(), body(1)[..CUT]);
    }

    #[track_caller]
    fn has_old_and(&self, hidden: &[&str]) {
        assert_eq!(files_in(self.folder.path()), [hidden, &["a.bin"]].concat());
        assert_eq!(fs::read(self.at("a.bin")).unwrap(), OLD);
    }

    #[track_caller]
    fn has_only(&self, version: u8) {
        assert_eq!(files_in(self.folder.path()), ["a.bin"]);
        assert!(fs::read(self.at("a.bin")).unwrap() == body(version));
    }

    /// What the n-th request asked for.
    fn range(&self, request: usize) -> Option<String> {
        let requests = self.server.requests();
        requests[request].header("Range").map(str::to_owned)
    }
}

/// As of [`AtomicFile`](threadproof::AtomicFile): a private file's new contents are private at once.
#[cfg(unix)]
#[rstest]
#[case::private(0o600)]
#[case::open(0o644)]
fn a_part_of_what_replaces_a_file_is_nobody_else_s(#[case] old: u32) {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new([cut(whole(1)), whole(1)]);
    let permissions = fs::Permissions::from_mode(old);
    fs::set_permissions(scene.at("a.bin"), permissions).unwrap();
    let mode = |name| fs::metadata(scene.at(name)).unwrap().permissions().mode() & 0o777;
    scene.is_cut();
    assert_eq!(mode(PART), 0o600);
    scene.fetch(settings()).unwrap();
    assert_eq!(mode("a.bin"), old);
}

/// A program that changes its folder during a download: the path means what it meant at the call.
#[rstest]
fn a_relative_path_means_the_folder_at_the_call(#[values(false, true)] resume: bool) {
    const HERE: &str = "THREADPROOF_TEST_OTHER_FOLDER";
    if let Some(other) = std::env::var_os(HERE) {
        let server = LocalServer::start(Site::new().page("/a", whole(1))).unwrap();
        let downloader = settings().resume(resume).build();
        let mut leave = |_| std::env::set_current_dir(&other).unwrap();
        let (url, to, stop) = (server.url("/a"), Path::new("a.bin"), Event::new());
        let receipt = downloader.fetch_with(&url, to, &stop, &mut leave);
        return assert_eq!(receipt.unwrap().path, to);
    }
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let this = std::thread::current().name().unwrap().to_owned();
    assert!(passes_in_its_own_process(&this, |test| {
        test.env(HERE, two.path()).current_dir(one.path())
    }));
    assert_eq!(files_in(one.path()), ["a.bin"]);
    assert!(files_in(two.path()).is_empty());
}

#[test]
fn without_resume_nothing_is_kept_and_no_rest_is_asked_for() {
    let scene = Scene::new([cut(whole(1)), whole(1)]);
    scene.fetch(settings().resume(false)).unwrap_err();
    scene.has_old_and(&[]);
    scene.fetch(settings().resume(false)).unwrap();
    assert_eq!(scene.range(1), None);
    scene.has_only(1);
}

#[rstest]
#[case::by_a_strong_etag("ETag", "\"version 1\"")]
#[case::by_a_date_long_ago("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")]
fn the_rest_of_the_same_version_is_asked_for_and_appended(
    #[case] name: &str,
    #[case] validator: &str,
    #[values(Framing::ContentLength, Framing::Chunked)] framing: Framing,
) {
    let reply = Reply::ok(body(1)).header(name, validator).ranges();
    let scene = Scene::new([cut(reply.clone()), reply.framing(framing)]);
    scene.is_cut();
    let receipt = scene.fetch(settings()).unwrap();
    assert_eq!(receipt.bytes, LENGTH as u64, "of the whole file");
    let requests = scene.server.requests();
    assert_eq!(requests.len(), 2);
    assert_eq!(requests[1].header("Range"), Some("bytes=6000-"));
    assert_eq!(requests[1].header("If-Range"), Some(validator));
    scene.has_only(1);
}

#[test]
fn the_next_attempt_of_the_same_call_goes_on_too() {
    let cut_again = whole(1).fault(Fault::Cut {
        after: 1_000,
        how: Hangup::Fin,
    });
    let scene = Scene::new([cut(whole(1)), Reply::status(503), cut_again, whole(1)]);
    let receipt = scene.fetch(settings().retries(3)).unwrap();
    assert_eq!(receipt.attempts, 4);
    let ranges = [0, 1, 2, 3].map(|request| scene.range(request));
    let from = |first: u32| Some(format!("bytes={first}-"));
    assert_eq!(ranges, [None, from(6_000), from(6_000), from(7_000)]);
    scene.has_only(1);
}

/// A server that has only looked at `If-Range` sends the whole of what it has now.
#[test]
fn another_version_is_downloaded_from_its_beginning() {
    let scene = Scene::new([cut(whole(1)), whole(2)]);
    scene.is_cut();
    assert_eq!(scene.fetch(settings()).unwrap().bytes, LENGTH as u64);
    assert_eq!(scene.range(1).as_deref(), Some("bytes=6000-"));
    scene.has_only(2);
}

#[test]
fn another_version_that_is_cut_replaces_the_part() {
    let scene = Scene::new([cut(whole(1)), cut(whole(2)), whole(2)]);
    scene.is_cut();
    scene.fetch(settings()).unwrap_err();
    assert_eq!(fs::read(scene.at(PART)).unwrap(), body(2)[..CUT]);
    scene.fetch(settings()).unwrap();
    assert_eq!(scene.range(2).as_deref(), Some("bytes=6000-"));
    scene.has_only(2);
}

#[test]
fn another_version_without_a_name_takes_the_part_away() {
    let nameless = Reply::ok(body(2));
    let scene = Scene::new([cut(whole(1)), cut(nameless)]);
    scene.is_cut();
    scene.fetch(settings()).unwrap_err();
    scene.has_old_and(&[]);
}

/// Whatever a 206 or a 416 says of another place or version, its bytes are not appended.
#[rstest]
#[case::another_version(
    Reply::status(206)
        .body(&body(2)[CUT..])
        .header("ETag", "\"version 2\"")
        .header("Content-Range", "bytes 6000-9999/10000")
)]
#[case::another_beginning(rest("bytes 5999-9999/10000"))]
#[case::another_place_of_the_same_length(rest("bytes 5999-9998/10000"))]
#[case::another_length(rest("bytes 6000-9999/10001"))]
#[case::a_length_that_nobody_knows(rest("bytes 6000-9999/*"))]
#[case::an_end_before_the_beginning(rest("bytes 6000-5999/10000"))]
#[case::an_end_behind_the_file(rest("bytes 6000-10000/10000"))]
#[case::another_unit(rest("lines 6000-9999/10000"))]
#[case::garbage(rest("bytes six-nine/10000"))]
#[case::a_number_too_large(rest("bytes 6000-18446744073709551615/10000"))]
#[case::no_range_at_all(Reply::status(206).body(&body(1)[CUT..]).header("ETag", "\"version 1\""))]
#[case::fewer_bytes_than_it_says(rest("bytes 6000-9999/10000").body(&body(1)[CUT..9_000]))]
#[case::more_bytes_than_it_says(rest("bytes 6000-9998/10000"))]
#[case::a_416_of_another_length(Reply::status(416).header("Content-Range", "bytes */6001"))]
#[case::a_416_of_our_length_when_ours_was_longer(Reply::status(416).header("Content-Range", "bytes */6000"))]
#[case::a_416_that_says_nothing(Reply::status(416))]
fn an_answer_that_does_not_fit_makes_the_download_begin_again(#[case] misfit: Reply) {
    let scene = Scene::new([cut(whole(1)), misfit, whole(2)]);
    scene.is_cut();
    assert_eq!(scene.fetch(settings()).unwrap().attempts, 1);
    assert_eq!(scene.range(1).as_deref(), Some("bytes=6000-"));
    assert_eq!(scene.range(2), None);
    scene.has_only(2);
}

#[test]
fn a_chunked_rest_that_is_longer_than_its_head_says_is_an_error_and_no_part_of_it_stays() {
    let long = rest("bytes 6000-9998/10000").framing(Framing::Chunked);
    let scene = Scene::new([cut(whole(1)), long, whole(1)]);
    scene.is_cut();
    let error = scene.fetch(settings()).unwrap_err();
    assert!(matches!(error, DownloadError::BadAnswer { .. }), "{error}");
    scene.has_old_and(&[]);
    scene.fetch(settings()).unwrap();
    scene.has_only(1);
}

/// A server may send less than was asked for, if it says so.
#[test]
fn a_rest_in_two_pieces_is_put_together() {
    let piece = rest("bytes 6000-7999/10000").body(&body(1)[CUT..8_000]);
    let scene = Scene::new([cut(whole(1)), piece, whole(1)]);
    scene.is_cut();
    let error = scene.fetch(settings()).unwrap_err();
    assert!(
        matches!(error, DownloadError::Truncated { got: 8_000, .. }),
        "{error}"
    );
    scene.fetch(settings()).unwrap();
    assert_eq!(scene.range(2).as_deref(), Some("bytes=8000-"));
    scene.has_only(1);
}

/// The stop comes with the last byte: all is there, and not in its place.
#[test]
fn a_416_with_the_same_length_means_that_the_part_is_complete() {
    let scene = Scene::new([whole(1)]);
    let stop = Event::new();
    let mut stop_at_the_end = |progress: Progress| {
        if progress.bytes == LENGTH as u64 {
            stop.set();
        }
    };
    let (url, path) = (scene.server.url("/a"), scene.at("a.bin"));
    let downloader = settings().build();
    let outcome = downloader.fetch_with(&url, &path, &stop, &mut stop_at_the_end);
    assert!(
        matches!(outcome, Err(DownloadError::Stopped { .. })),
        "{outcome:?}"
    );
    scene.has_old_and(&[PART, NOTE]);

    let mut reports = Vec::new();
    let mut report = |progress| reports.push(progress);
    let receipt = downloader.fetch_with(&url, &path, &Event::new(), &mut report);
    assert_eq!(receipt.unwrap().bytes, LENGTH as u64);
    let (bytes, total) = (LENGTH as u64, Some(LENGTH as u64));
    assert_eq!(reports, [Progress { bytes, total }]);
    assert_eq!(scene.range(1).as_deref(), Some("bytes=10000-"));
    assert_eq!(scene.server.requests().len(), 2);
    scene.has_only(1);
}

#[rstest]
#[case::none(None)]
#[case::a_weak_etag(Some(("ETag", "W/\"version 1\"")))]
#[case::an_etag_without_quotes(Some(("ETag", "version 1")))]
#[case::a_date_that_is_none(Some(("Last-Modified", "yesterday")))]
#[case::a_date_to_come(Some(("Last-Modified", "Fri, 31 Dec 9999 23:59:59 GMT")))]
fn what_has_no_name_is_not_kept(#[case] validator: Option<(&str, &str)>) {
    let reply = Reply::ok(body(1)).ranges();
    let reply = validator
        .into_iter()
        .fold(reply, |reply, (name, value)| reply.header(name, value));
    let scene = Scene::new([cut(reply.clone()), reply]);
    scene.fetch(settings()).unwrap_err();
    scene.has_old_and(&[]);
    scene.fetch(settings()).unwrap();
    assert_eq!(scene.range(1), None);
    scene.has_only(1);
}

/// A file may change twice within the second that `Last-Modified` names.
#[rstest]
#[case::within_the_second("Wed, 21 Oct 2015 07:28:00 GMT", false)]
#[case::a_second_later("Wed, 21 Oct 2015 07:28:01 GMT", true)]
fn a_date_names_a_version_only_once_its_second_is_over(#[case] now: &str, #[case] is_kept: bool) {
    let reply = Reply::ok(body(1))
        .header("Last-Modified", "Wed, 21 Oct 2015 07:28:00 GMT")
        .header("Date", now);
    let scene = Scene::new([cut(reply)]);
    scene.fetch(settings()).unwrap_err();
    scene.has_old_and(if is_kept { &[PART, NOTE] } else { &[] });
}

#[test]
fn a_part_of_another_url_is_not_used() {
    let site = Site::new().page("/a", cut(whole(1))).page("/b", whole(1));
    let scene = Scene::of(site);
    scene.is_cut();
    let url = scene.server.url("/b");
    let downloader = settings().build();
    downloader
        .fetch(&url, &scene.at("a.bin"), &Event::new())
        .unwrap();
    assert_eq!(scene.range(1), None);
    scene.has_only(1);
}

/// Two mirrors may give the same name to two versions.
#[test]
fn a_part_from_another_mirror_is_not_used() {
    let site = Site::new()
        .script("/a", [Reply::redirect("/one"), Reply::redirect("/two")])
        .page("/one", cut(whole(1)))
        .page("/two", Reply::ok(body(2)).header("ETag", &etag(1)).ranges());
    let scene = Scene::of(site);
    scene.is_cut();
    scene.fetch(settings()).unwrap();
    scene.has_only(2);
}

#[test]
fn a_query_of_the_mirror_may_differ() {
    let site = Site::new()
        .script(
            "/a",
            [
                Reply::redirect("/one?sign=1"),
                Reply::redirect("/one?sign=2"),
            ],
        )
        .script("/one", [cut(whole(1)), whole(1)]);
    let scene = Scene::of(site);
    scene.is_cut();
    scene.fetch(settings()).unwrap();
    assert_eq!(scene.server.requests().len(), 4);
    scene.has_only(1);
}

#[test]
fn a_password_is_not_written_into_the_note() {
    let scene = Scene::new([cut(whole(1)), whole(1)]);
    let url = scene.server.url("/a").replace("://", "://alice:secret@");
    let downloader = settings().build();
    let path = scene.at("a.bin");
    downloader.fetch(&url, &path, &Event::new()).unwrap_err();
    let note = fs::read_to_string(scene.at(NOTE)).unwrap();
    assert!(note.contains("version 1"), "{note}");
    assert!(
        !note.contains("secret") && !note.contains("alice"),
        "{note}"
    );
    downloader.fetch(&url, &path, &Event::new()).unwrap();
    assert_eq!(scene.range(1).as_deref(), Some("bytes=6000-"));
    scene.has_only(1);
}

/// What a killed program or a lost disk may leave.
#[rstest]
#[case::bytes_behind_the_noted_ones(|scene: &Scene| {
    let kept = fs::read(scene.at(PART)).unwrap();
    fs::write(scene.at(PART), [&kept[..], &[0; LENGTH]].concat()).unwrap();
}, Some("bytes=6000-"))]
#[case::fewer_bytes_than_noted(|scene: &Scene| {
    let part = File::options().write(true).open(scene.at(PART)).unwrap();
    part.set_len(100).unwrap();
}, Some("bytes=100-"))]
#[case::no_bytes(|scene: &Scene| fs::write(scene.at(PART), "").unwrap(), None)]
#[case::no_part(|scene: &Scene| fs::remove_file(scene.at(PART)).unwrap(), None)]
#[case::half_a_note(|scene: &Scene| {
    let note = fs::read(scene.at(NOTE)).unwrap();
    fs::write(scene.at(NOTE), &note[..note.len() / 2]).unwrap();
}, None)]
fn only_what_the_note_vouches_for_is_used(#[case] damage: fn(&Scene), #[case] asked: Option<&str>) {
    let scene = Scene::new([cut(whole(1)), whole(1)]);
    scene.is_cut();
    damage(&scene);
    scene.fetch(settings()).unwrap();
    assert_eq!(scene.range(1).as_deref(), asked);
    scene.has_only(1);
}

/// The other one holds the part open and locked, as a second program would.
#[test]
fn a_part_belongs_to_one_download_at_a_time() {
    let scene = Scene::new([cut(whole(1)), whole(1)]);
    scene.is_cut();
    let part = File::open(scene.at(PART)).unwrap();
    part.try_lock().unwrap();
    let error = scene.fetch(settings().retries(3)).unwrap_err();
    assert!(matches!(error, DownloadError::Write { .. }), "{error}");
    assert!(error.to_string().contains(PART), "{error}");
    assert_eq!(scene.server.requests().len(), 1);
    scene.has_old_and(&[PART, NOTE]);

    // Not by closing it: see the test of a child that starts at the wrong moment.
    part.unlock().unwrap();
    scene.fetch(settings()).unwrap();
    scene.has_only(1);
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_the_part_is_not_followed() {
    let scene = Scene::new([whole(1)]);
    let elsewhere = scene.at("elsewhere");
    fs::write(&elsewhere, OLD).unwrap();
    std::os::unix::fs::symlink(&elsewhere, scene.at(PART)).unwrap();
    let error = scene.fetch(settings()).unwrap_err();
    assert!(error.to_string().contains(PART), "{error}");
    assert_eq!(fs::read(&elsewhere).unwrap(), OLD);
}

#[test]
fn progress_goes_on_where_the_part_ends() {
    let scene = Scene::new([cut(whole(1)), whole(1)]);
    scene.is_cut();
    let mut reports = Vec::new();
    let mut report = |progress: Progress| reports.push(progress);
    let (url, path) = (scene.server.url("/a"), scene.at("a.bin"));
    let downloader = settings().build();
    downloader
        .fetch_with(&url, &path, &Event::new(), &mut report)
        .unwrap();
    assert_eq!(reports[0].bytes, CUT as u64);
    assert!(reports.is_sorted_by(|one, next| one.bytes < next.bytes));
    assert!(
        reports
            .iter()
            .all(|report| report.total == Some(LENGTH as u64))
    );
    assert_eq!(reports.last().unwrap().bytes, LENGTH as u64);
}

#[test]
fn the_size_limit_counts_the_whole_file() {
    let scene = Scene::new([cut(whole(1)), whole(1)]);
    scene.is_cut();
    let error = scene
        .fetch(settings().max_bytes(LENGTH as u64 - 1))
        .unwrap_err();
    assert!(matches!(error, DownloadError::TooLarge { .. }), "{error}");
    scene.fetch(settings().max_bytes(LENGTH as u64)).unwrap();
    scene.has_only(1);
}

#[test]
fn a_complete_file_that_cannot_take_its_place_stays_a_part() {
    let scene = Scene::new([whole(1)]);
    let path = scene.at("folder");
    let (url, downloader) = (scene.server.url("/a"), settings().build());
    // There was nothing when the download began.
    let mut stand_in_its_way = |_| drop(fs::create_dir(&path));
    let stop = Event::new();
    let outcome = downloader.fetch_with(&url, &path, &stop, &mut stand_in_its_way);
    let error = outcome.unwrap_err();
    assert!(matches!(error, DownloadError::Write { .. }), "{error}");
    fs::remove_dir(&path).unwrap();
    downloader.fetch(&url, &path, &stop).unwrap();
    assert_eq!(scene.range(1).as_deref(), Some("bytes=10000-"));
    assert_eq!(fs::read(&path).unwrap(), body(1));
    assert_eq!(files_in(scene.folder.path()), ["a.bin", "folder"]);
}

/// A note without a part is of no use, and of no harm.
#[test]
fn a_note_that_cannot_be_removed_costs_no_complete_file() {
    let scene = Scene::new([whole(1)]);
    let (path, note) = (scene.at("a.bin"), scene.at(NOTE));
    let mut stand_in_its_way = |_| {
        let _ = fs::remove_file(&note);
        let _ = fs::create_dir(&note);
    };
    let (url, stop) = (scene.server.url("/a"), Event::new());
    let outcome = settings()
        .build()
        .fetch_with(&url, &path, &stop, &mut stand_in_its_way);
    assert_eq!(outcome.unwrap().bytes, LENGTH as u64);
    assert_eq!(fs::read(&path).unwrap(), body(1));
    assert_eq!(files_in(scene.folder.path()), [NOTE, "a.bin"]);
}

#[test]
fn an_error_in_between_leaves_the_part_for_another_time() {
    let scene = Scene::new([cut(whole(1)), Reply::status(404), whole(1)]);
    scene.is_cut();
    scene.fetch(settings()).unwrap_err();
    scene.has_old_and(&[PART, NOTE]);
    scene.fetch(settings()).unwrap();
    assert_eq!(scene.range(2).as_deref(), Some("bytes=6000-"));
    scene.has_only(1);
}

/// A child of the program has the part's descriptor from its fork to its exec, and with it the lock.
/// Whoever has closed the file, and only closed it, leaves it locked for that long.
#[cfg(unix)]
#[test]
fn a_child_that_starts_at_the_wrong_moment_does_not_keep_the_part_locked() {
    const ROUNDS: usize = 100;
    let replies = (0..ROUNDS).flat_map(|_| [cut(whole(1)), rest("bytes 6000-9999/10000")]);
    let scene = Scene::new(replies);
    let stop = Event::new();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.is_set() {
                let _ = std::process::Command::new("true").status();
            }
        });
        let url = scene.server.url("/a");
        let to = scene.folder.path().join("a.bin");
        let downloader = settings().build();
        let never = Event::new();
        let outcomes = (0..2 * ROUNDS).map(|_| downloader.fetch(&url, &to, &never));
        let wrong = outcomes.filter_map(Result::err);
        let wrong = wrong.filter(|error| !matches!(error, DownloadError::Truncated { .. }));
        let wrong: Vec<_> = wrong.map(|error| error.to_string()).collect();
        stop.set();
        assert!(wrong.is_empty(), "{wrong:?}");
    });
}
