//! What may stand at the path of a download, and what becomes of it.

use std::fs;
use std::path::{Path, PathBuf};

use rstest::rstest;
use tempfile::TempDir;
use threadproof::local_server::{Fault, Hangup, LocalServer, Reply, Site};
use threadproof::{DownloadError, Event, Receipt};

#[cfg(unix)]
use super::OLD;
use super::settings;

/// A server whose first answer is cut, and a folder.
struct Scene {
    server: LocalServer,
    folder: TempDir,
}

impl Scene {
    fn new() -> Self {
        let whole = Reply::ok(*b"the new file").header("ETag", "\"1\"").ranges();
        let (after, how) = (5, Hangup::Fin);
        let cut = whole.clone().fault(Fault::Cut { after, how });
        let server = LocalServer::start(Site::new().script("/a", [cut, whole])).unwrap();
        let folder = tempfile::tempdir().unwrap();
        Self { server, folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn fetch(&self, to: &Path, resume: bool) -> Result<Receipt, DownloadError> {
        let downloader = settings().resume(resume).build();
        downloader.fetch(&self.server.url("/a"), to, &Event::new())
    }
}

/// D11. Refused before the server is asked, and untouched.
#[rstest]
#[case::a_folder("folder", |path: &Path| fs::create_dir(path).unwrap(), "is a folder")]
#[cfg_attr(unix, case::a_pipe("pipe", crate::support::make_a_pipe, "is a pipe"))]
#[cfg_attr(unix, case::a_socket("socket", |path: &Path| {
    std::os::unix::net::UnixListener::bind(path).unwrap();
}, "is a socket"))]
#[cfg_attr(unix, case::a_link_to_a_folder("link", |path: &Path| {
    std::os::unix::fs::symlink(".", path).unwrap();
}, "is a folder"))]
#[cfg_attr(unix, case::a_link_to_a_device("link", |path: &Path| {
    std::os::unix::fs::symlink("/dev/zero", path).unwrap();
}, "is a device"))]
fn what_is_no_file_is_refused_before_the_server_is_asked(
    #[case] name: &str,
    #[case] make: fn(&Path),
    #[case] what: &str,
    #[values(false, true)] resume: bool,
) {
    let scene = Scene::new();
    let path = scene.at(name);
    make(&path);
    let kind = fs::symlink_metadata(&path).unwrap().file_type();
    let error = scene.fetch(&path, resume).unwrap_err();
    assert!(matches!(error, DownloadError::Write { .. }), "{error}");
    assert!(error.to_string().contains(what), "{error}");
    assert_eq!(scene.server.connections(), 0);
    assert_eq!(fs::symlink_metadata(&path).unwrap().file_type(), kind);
    assert_eq!(fs::read_dir(scene.folder.path()).unwrap().count(), 1);
}

/// D11. In a folder of devices nobody can make a file, so that a mistake here harms nobody.
#[cfg(target_os = "linux")]
#[rstest]
fn a_device_is_refused_before_the_server_is_asked(#[values(false, true)] resume: bool) {
    let scene = Scene::new();
    let error = scene.fetch(Path::new("/dev/pts/ptmx"), resume).unwrap_err();
    assert!(error.to_string().contains("is a device"), "{error}");
    assert_eq!(scene.server.connections(), 0);
}

#[rstest]
#[case::no_name("..")]
#[case::the_root("/")]
#[case::nothing("")]
#[case::what_ends_like_a_folder("no-such-folder/a/")]
#[case::what_ends_like_a_folder_itself("no-such-folder/a/.")]
fn a_path_that_names_no_file_is_refused_before_the_server_is_asked(
    #[case] path: &str,
    #[values(false, true)] resume: bool,
) {
    let scene = Scene::new();
    let error = scene.fetch(Path::new(path), resume).unwrap_err();
    assert!(matches!(error, DownloadError::Write { .. }), "{error}");
    assert_eq!(scene.server.connections(), 0);
}

/// What is replaced keeps who may read it; while the new file comes, nobody else may.
#[cfg(unix)]
#[rstest]
#[case::nothing(None)]
#[case::a_file(Some(0o644))]
#[case::a_private_file(Some(0o600))]
#[case::a_file_of_a_group(Some(0o640))]
fn a_file_is_replaced_by_one_that_the_same_people_may_read(
    #[case] old: Option<u32>,
    #[values(false, true)] resume: bool,
) {
    use std::os::unix::fs::PermissionsExt;
    let (scene, mode) = (Scene::new(), |found: fs::Metadata| {
        found.permissions().mode() & 0o777
    });
    let path = scene.at("a.bin");
    if let Some(old) = old {
        fs::write(&path, OLD).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(old)).unwrap();
    }
    let mut hidden = 0;
    let downloader = settings().resume(resume).build();
    let mut look = |_| {
        for entry in fs::read_dir(scene.folder.path()).unwrap() {
            let entry = entry.unwrap();
            if entry.path() != path {
                hidden += 1;
                let is_open = mode(entry.metadata().unwrap()) & 0o077 != 0;
                // A note says what was asked for.
                let is_note = entry.file_name().to_str().unwrap().ends_with("-note");
                let is_new_file_s = old.is_none() && !is_note;
                assert_eq!(is_open, is_new_file_s, "{entry:?}");
            }
        }
    };
    let (url, stop) = (scene.server.url("/a"), Event::new());
    downloader
        .fetch_with(&url, &path, &stop, &mut look)
        .unwrap_err();
    assert_eq!(fs::read(&path).ok().as_deref(), old.map(|_| OLD));
    downloader
        .fetch_with(&url, &path, &stop, &mut look)
        .unwrap();
    assert!(hidden > 0);
    assert_eq!(fs::read(&path).unwrap(), b"the new file");
    if let Some(old) = old {
        assert_eq!(mode(fs::metadata(&path).unwrap()), old);
    }
}

/// A link is replaced; what it leads to is not touched, whatever that is.
#[cfg(unix)]
#[rstest]
#[case::to_a_file("elsewhere")]
#[case::to_nothing("nowhere")]
#[case::to_itself("a.bin")]
fn a_link_is_replaced_and_not_followed(#[case] to: &str, #[values(false, true)] resume: bool) {
    let scene = Scene::new();
    fs::write(scene.at("elsewhere"), OLD).unwrap();
    let path = scene.at("a.bin");
    std::os::unix::fs::symlink(to, &path).unwrap();
    scene.fetch(&path, resume).unwrap_err();
    assert!(fs::symlink_metadata(&path).unwrap().is_symlink());
    scene.fetch(&path, resume).unwrap();
    assert!(fs::symlink_metadata(&path).unwrap().is_file());
    assert_eq!(fs::read(&path).unwrap(), b"the new file");
    assert_eq!(fs::read(scene.at("elsewhere")).unwrap(), OLD);
    assert!(!scene.at("nowhere").exists());
}
