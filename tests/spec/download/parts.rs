//! The files of a resumed download, and what a server may answer to the request for its rest.

use std::fs;
use std::path::{Path, PathBuf};

use rstest::rstest;
use tempfile::TempDir;
use threadproof::local_server::{Fault, Hangup, LocalServer, Reply, Site};
use threadproof::{DownloadError, Event, Receipt};

use super::settings;
use crate::support::files_in;
#[cfg(unix)]
use crate::support::make_a_pipe;

const PART: &str = ".threadproof-a.bin.part";
const NOTE: &str = ".threadproof-a.bin.part-note";
const NEW_NOTE: &str = ".threadproof-a.bin.part-note-new";

/// No two versions have a byte in common, and all have this length.
fn version(number: u8) -> Vec<u8> {
    vec![number; 1_000]
}

fn whole(number: u8) -> Reply {
    let etag = format!("\"version {number}\"");
    Reply::ok(version(number)).header("ETag", &etag).ranges()
}

fn cut(reply: Reply) -> Reply {
    let (after, how) = (600, Hangup::Fin);
    reply.fault(Fault::Cut { after, how })
}

struct Scene {
    server: LocalServer,
    folder: TempDir,
    name: String,
}

impl Scene {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::named("a.bin", replies)
    }

    fn named(name: &str, replies: impl IntoIterator<Item = Reply>) -> Self {
        let server = LocalServer::start(Site::new().script("/a", replies)).unwrap();
        let (folder, name) = (tempfile::tempdir().unwrap(), name.to_owned());
        Self {
            server,
            folder,
            name,
        }
    }

    /// One whose first download was cut.
    fn cut(replies: impl IntoIterator<Item = Reply>) -> Self {
        let scene = Self::new([cut(whole(1))].into_iter().chain(replies));
        let error = scene.fetch().unwrap_err();
        assert!(
            matches!(error, DownloadError::Truncated { got: 600, .. }),
            "{error}"
        );
        assert_eq!(files_in(scene.folder.path()), [PART, NOTE]);
        scene
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn fetch(&self) -> Result<Receipt, DownloadError> {
        let (url, path) = (self.server.url("/a"), self.at(&self.name));
        settings()
            .resume(true)
            .build()
            .fetch(&url, &path, &Event::new())
    }

    #[track_caller]
    fn has_only(&self, number: u8) {
        assert_eq!(files_in(self.folder.path()), [&*self.name]);
        assert!(fs::read(self.at(&self.name)).unwrap() == version(number));
    }

    fn range(&self, request: usize) -> Option<String> {
        let requests = self.server.requests();
        requests[request].header("Range").map(str::to_owned)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Says {
    Same,
    Nothing,
    Another,
    Weak,
    AnotherCoding,
}

fn saying(reply: Reply, says: Says) -> Reply {
    match says {
        Says::Same => reply.header("ETag", "\"version 1\""),
        Says::Nothing => reply,
        Says::Another => reply.header("ETag", "\"version 2\""),
        Says::Weak => reply.header("ETag", "W/\"version 1\""),
        Says::AnotherCoding => {
            let reply = reply.header("ETag", "\"version 1\"");
            reply.header("Content-Encoding", "gzip")
        }
    }
}

/// D13. The server has version 2 by now; only a 206 that says "version 1" has the rest of that.
#[rstest]
fn an_answer_to_a_request_for_the_rest_gives_one_version(
    #[values(
        Says::Same,
        Says::Nothing,
        Says::Another,
        Says::Weak,
        Says::AnotherCoding
    )]
    says: Says,
    #[values(200, 206, 416, 403)] status: u16,
) {
    let is_rest = (says, status) == (Says::Same, 206);
    let second = match status {
        200 => Reply::ok(version(2)),
        206 => Reply::status(206)
            .body(&version(if is_rest { 1 } else { 2 })[600..])
            .header("Content-Range", "bytes 600-999/1000"),
        416 => Reply::status(416).header("Content-Range", "bytes */1000"),
        status => Reply::status(status),
    };
    let scene = Scene::cut([saying(second, says), whole(2)]);
    if (says, status) == (Says::AnotherCoding, 200) {
        let error = scene.fetch().unwrap_err();
        assert!(matches!(error, DownloadError::BadAnswer { .. }), "{error}");
        return assert_eq!(files_in(scene.folder.path()), [PART, NOTE]);
    }
    let receipt = scene.fetch().unwrap();
    assert_eq!((receipt.bytes, receipt.attempts), (1_000, 1));
    assert_eq!(scene.range(1).as_deref(), Some("bytes=600-"));
    let is_enough = is_rest || status == 200;
    assert_eq!(scene.server.requests().len(), if is_enough { 2 } else { 3 });
    if !is_enough {
        assert_eq!(scene.range(2), None);
    }
    scene.has_only(if is_rest { 1 } else { 2 });
}

/// A server that looks at nothing but the range.
#[test]
fn a_200_that_holds_only_the_rest_is_not_taken_for_a_file() {
    let rest = Reply::ok(&version(2)[600..]).header("Content-Range", "bytes 600-999/1000");
    let scene = Scene::cut([rest, whole(2)]);
    scene.fetch().unwrap();
    scene.has_only(2);
}

/// Who refuses the range and the whole has refused the file; the part stays.
#[test]
fn a_403_to_both_requests_is_an_error_and_leaves_the_part() {
    let scene = Scene::cut([Reply::status(403), Reply::status(403), whole(1)]);
    let error = scene.fetch().unwrap_err();
    assert!(
        matches!(error, DownloadError::Status { code: 403, .. }),
        "{error}"
    );
    assert_eq!(files_in(scene.folder.path()), [PART, NOTE]);
    scene.fetch().unwrap();
    assert_eq!(scene.range(3).as_deref(), Some("bytes=600-"));
    scene.has_only(1);
}

/// D13 (long names): 255 bytes is what most file systems take.
#[rstest]
fn a_name_of_any_length_can_be_resumed(#[values(100, 101, 232, 233, 240, 255)] length: usize) {
    let scene = Scene::named(&"n".repeat(length), [cut(whole(1)), whole(1)]);
    scene.fetch().unwrap_err();
    assert_eq!(files_in(scene.folder.path()).len(), 2);
    scene.fetch().unwrap();
    assert_eq!(scene.range(1).as_deref(), Some("bytes=600-"));
    scene.has_only(1);
}

#[test]
fn two_long_names_have_two_parts() {
    let names = ["a", "b"].map(|end| "n".repeat(200) + end);
    let scene = Scene::named(&names[0], [cut(whole(1)), cut(whole(1))]);
    scene.fetch().unwrap_err();
    let other = Scene {
        name: names[1].clone(),
        ..scene
    };
    other.fetch().unwrap_err();
    assert_eq!(files_in(other.folder.path()).len(), 4);
    assert_eq!(other.range(1), None);
}

/// Others may take a hidden file away, or put theirs in its place, while a download writes to it. Then
/// what has that name is not what has come, and becomes no file.
#[rstest]
#[case::removed(|part: &Path| fs::remove_file(part).unwrap(), &[])]
#[case::replaced(|part: &Path| {
    fs::remove_file(part).unwrap();
    fs::write(part, "somebody else's").unwrap();
}, &[PART])]
fn a_part_that_is_not_there_any_more_becomes_no_file(
    #[case] meanwhile: fn(&Path),
    #[case] left: &[&str],
    #[values(true, false)] comes_whole: bool,
) {
    let reply = if comes_whole { whole(1) } else { cut(whole(1)) };
    let scene = Scene::new([reply, whole(2)]);
    let (url, path) = (scene.server.url("/a"), scene.at("a.bin"));
    let mut once = Some(meanwhile);
    let mut look = |_| {
        if let Some(meanwhile) = once.take() {
            meanwhile(&scene.at(PART));
        }
    };
    let downloader = settings().resume(true).build();
    let error = downloader.fetch_with(&url, &path, &Event::new(), &mut look);
    let error = error.unwrap_err();
    if comes_whole {
        assert!(matches!(error, DownloadError::Write { .. }), "{error}");
        let words = format!("{} was removed or replaced", scene.at(PART).display());
        assert!(error.to_string().contains(&words), "{error}");
    }
    assert_eq!(files_in(scene.folder.path()), left, "and no note");
    for name in left {
        assert_eq!(fs::read(scene.at(name)).unwrap(), b"somebody else's");
        scene.fetch().unwrap_err();
        assert_eq!(fs::read(scene.at(name)).unwrap(), b"somebody else's");
        fs::remove_file(scene.at(name)).unwrap();
    }
    scene.fetch().unwrap();
    assert_eq!(scene.range(1), None);
    scene.has_only(2);
}

/// A program that was killed while it wrote a note has left a piece of it, and the next one takes it away.
#[rstest]
fn a_piece_of_a_note_does_not_stay(#[values(true, false)] comes_whole: bool) {
    let (after, how) = (100, Hangup::Fin);
    let rest = match comes_whole {
        true => whole(1),
        false => whole(1).fault(Fault::Cut { after, how }),
    };
    let scene = Scene::cut([rest]);
    fs::write(scene.at(NEW_NOTE), "{").unwrap();
    assert_eq!(scene.fetch().is_ok(), comes_whole);
    if comes_whole {
        return scene.has_only(1);
    }
    assert_eq!(files_in(scene.folder.path()), [PART, NOTE]);
}

/// The same of a temporary file, whose name nobody knows before.
#[test]
fn a_temporary_file_that_is_not_there_any_more_becomes_no_file() {
    let scene = Scene::new([whole(1)]);
    let mut hidden = None;
    let mut look = |_| {
        let names = files_in(scene.folder.path());
        let path = hidden.get_or_insert(scene.at(&names[0]));
        fs::remove_file(&*path).unwrap();
        fs::write(path, "somebody else's").unwrap();
    };
    let (url, stop) = (scene.server.url("/a"), Event::new());
    let downloader = settings().build();
    let error = downloader.fetch_with(&url, &scene.at("a.bin"), &stop, &mut look);
    let error = error.unwrap_err();
    assert!(
        error.to_string().contains("was removed or replaced"),
        "{error}"
    );
    assert!(!scene.at("a.bin").exists());
}

/// The same of a part that was there before: its note must not vouch for what stands there now.
#[test]
fn a_note_does_not_vouch_for_what_has_taken_the_place_of_its_part() {
    let (after, how) = (100, Hangup::Fin);
    let scene = Scene::cut([whole(1).fault(Fault::Cut { after, how }), whole(1)]);
    let mut look = |_| {
        let _ = fs::remove_file(scene.at(PART));
        fs::write(scene.at(PART), version(7)).unwrap();
    };
    let (url, path) = (scene.server.url("/a"), scene.at("a.bin"));
    let downloader = settings().resume(true).build();
    let cut = downloader.fetch_with(&url, &path, &Event::new(), &mut look);
    cut.unwrap_err();
    assert_eq!(files_in(scene.folder.path()), [PART], "and no note");
    scene.fetch().unwrap_err();
    assert_eq!(fs::read(scene.at(PART)).unwrap(), version(7));
}

/// A user's own file may be called like a part. Ours has a note from its first byte on, so one without is
/// somebody's, and only the user can say what for.
#[rstest]
#[case::with_a_name(whole(1))]
#[case::without_a_name(Reply::ok(version(1)))]
fn a_file_that_is_called_like_a_part_is_named_and_not_touched(#[case] reply: Reply) {
    let scene = Scene::new([reply.clone(), reply]);
    fs::write(scene.at(PART), "mine").unwrap();
    let error = scene.fetch().unwrap_err();
    let why = format!(
        "{}: it is no part of a download; move it elsewhere",
        scene.at(PART).display()
    );
    assert!(error.to_string().ends_with(&why), "{error}");
    assert_eq!(
        scene.server.requests().len(),
        0,
        "before anything was asked"
    );
    assert_eq!(fs::read(scene.at(PART)).unwrap(), b"mine");
    assert_eq!(files_in(scene.folder.path()), [PART]);
    // An empty one is nobody's loss.
    fs::write(scene.at(PART), "").unwrap();
    scene.fetch().unwrap();
    scene.has_only(1);
}

/// Also of a program that is killed before the first second is over.
#[test]
fn a_part_has_its_note_from_the_first_byte_on() {
    let scene = Scene::new([whole(1)]);
    let (url, path) = (scene.server.url("/a"), scene.at("a.bin"));
    let mut looks = 0;
    let mut look = |_| {
        looks += 1;
        assert_eq!(files_in(scene.folder.path()), [PART, NOTE]);
    };
    let downloader = settings().resume(true).build();
    downloader
        .fetch_with(&url, &path, &Event::new(), &mut look)
        .unwrap();
    assert!(looks > 0);
    scene.has_only(1);
}

/// A note can hold anything: another program, or somebody else, may have written it.
#[rstest]
#[case::no_json("hello")]
#[case::other_json("[1, 2]")]
#[case::a_line_in_the_validator(r#"{"version":{"asked":"URL","answered":"URL","etag":"\"a\r\nb\"","last_modified":null,"coding":null,"length":1000},"bytes":600}"#)]
#[case::no_validator(r#"{"version":{"asked":"URL","answered":"URL","etag":null,"last_modified":null,"coding":null,"length":1000},"bytes":600}"#)]
#[case::a_date_that_is_none(r#"{"version":{"asked":"URL","answered":"URL","etag":null,"last_modified":"soon","coding":null,"length":1000},"bytes":600}"#)]
#[case::a_weak_etag(r#"{"version":{"asked":"URL","answered":"URL","etag":"W/\"a\"","last_modified":null,"coding":null,"length":1000},"bytes":600}"#)]
#[case::letters_beyond_ascii(r#"{"version":{"asked":"URL","answered":"URL","etag":"\"ü\"","last_modified":null,"coding":null,"length":1000},"bytes":600}"#)]
fn a_bad_note_is_no_note(#[case] note: &str) {
    let scene = Scene::cut([whole(2)]);
    let note = note.replace("URL", &scene.server.url("/a"));
    fs::write(scene.at(NOTE), note).unwrap();
    scene.fetch().unwrap();
    assert_eq!(scene.range(1), None);
    scene.has_only(2);
}

/// The same note with a validator that can be asked with is used: the cases above fail for their reason.
#[test]
fn a_good_note_is_one_whoever_wrote_it() {
    let scene = Scene::cut([whole(1)]);
    let note = r#"{"version":{"asked":"URL","answered":"URL","etag":"\"version 1\"","last_modified":null,"coding":null,"length":1000},"bytes":500}"#;
    fs::write(scene.at(NOTE), note.replace("URL", &scene.server.url("/a"))).unwrap();
    scene.fetch().unwrap();
    assert_eq!(scene.range(1).as_deref(), Some("bytes=500-"));
    scene.has_only(1);
}

/// Nobody is at the other end of a pipe: to open it as a note would wait for ever.
#[cfg(unix)]
#[rstest]
#[case::a_pipe(|scene: &Scene, _: &[u8]| make_a_pipe(&scene.at(NOTE)))]
#[case::a_link(|scene: &Scene, kept: &[u8]| {
    fs::write(scene.at("elsewhere"), kept).unwrap();
    std::os::unix::fs::symlink("elsewhere", scene.at(NOTE)).unwrap();
})]
#[case::a_second_name(|scene: &Scene, kept: &[u8]| {
    fs::write(scene.at("elsewhere"), kept).unwrap();
    fs::hard_link(scene.at("elsewhere"), scene.at(NOTE)).unwrap();
})]
#[case::a_link_to_nothing(|scene: &Scene, _: &[u8]| {
    std::os::unix::fs::symlink("elsewhere", scene.at(NOTE)).unwrap();
})]
fn what_is_no_plain_note_is_no_note(#[case] plant: fn(&Scene, &[u8])) {
    let scene = Scene::cut([whole(2)]);
    let kept = fs::read(scene.at(NOTE)).unwrap();
    fs::remove_file(scene.at(NOTE)).unwrap();
    plant(&scene, &kept);
    let before = fs::read(scene.at("elsewhere")).ok();
    scene.fetch().unwrap();
    assert_eq!(scene.range(1), None);
    assert_eq!(fs::read(scene.at("elsewhere")).ok(), before, "not touched");
    let _ = fs::remove_file(scene.at("elsewhere"));
    scene.has_only(2);
}

/// Somebody has put it there, and only the user can say what for.
#[cfg(unix)]
#[rstest]
#[case::a_pipe(|scene: &Scene| make_a_pipe(&scene.at(PART)), "is no file")]
#[case::a_folder(|scene: &Scene| fs::create_dir(scene.at(PART)).unwrap(), "is no file")]
#[case::a_link(|scene: &Scene| {
    fs::write(scene.at("elsewhere"), version(1)).unwrap();
    std::os::unix::fs::symlink("elsewhere", scene.at(PART)).unwrap();
}, "is no file")]
#[case::a_link_to_nothing(|scene: &Scene| {
    std::os::unix::fs::symlink("elsewhere", scene.at(PART)).unwrap();
}, "is no file")]
#[case::a_second_name(|scene: &Scene| {
    fs::write(scene.at("elsewhere"), version(1)).unwrap();
    fs::hard_link(scene.at("elsewhere"), scene.at(PART)).unwrap();
}, "has a second name")]
fn what_is_no_plain_part_is_named_and_not_touched(
    #[case] plant: fn(&Scene),
    #[case] what: &str,
    #[values(false, true)] has_note: bool,
) {
    let scene = Scene::cut([whole(2)]);
    fs::remove_file(scene.at(PART)).unwrap();
    if !has_note {
        fs::remove_file(scene.at(NOTE)).unwrap();
    }
    plant(&scene);
    let before = fs::read(scene.at("elsewhere")).ok();
    let error = scene.fetch().unwrap_err();
    let why = format!("{} {what}: remove it", scene.at(PART).display());
    assert!(error.to_string().ends_with(&why), "{error}");
    assert_eq!(
        scene.server.requests().len(),
        1,
        "before anything was asked"
    );
    assert_eq!(fs::read(scene.at("elsewhere")).ok(), before);
    assert!(!scene.at("a.bin").exists());
}
