#[path = "../solutions/daemon.rs"]
mod solution;
#[path = "../starters/daemon.rs"]
mod starter;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Exercise;

pub(super) const EXERCISE: Exercise = Exercise {
    name: "daemon",
    task: "A file is either the old one or the new one, at every moment.",
    starter: || check(starter::solve),
    solution: || check(solution::solve),
    fails_because: "half a file",
};

type Pieces<'a> = &'a mut dyn Iterator<Item = &'static str>;

fn check(replace: fn(&Path, Pieces<'_>) -> io::Result<()>) {
    // Two runs at once have a folder each.
    let number = format!("{}-{:?}", std::process::id(), std::thread::current().id());
    let folder = std::env::temp_dir().join(format!("exercise-daemon-{number}"));
    fs::create_dir_all(&folder).expect("a folder can be made");
    let _remove = RemovedAtTheEnd(folder.clone());
    let path = folder.join("office.txt");
    fs::write(&path, "old").expect("a file can be written");
    let mut pieces = ["one ", "two ", "three"].into_iter().inspect(|piece| {
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            found, "old",
            "before {piece:?} is written, half a file is there"
        );
        let n_files = fs::read_dir(&folder).map_or(0, Iterator::count);
        assert!(
            *piece == "one " || n_files > 1,
            "before {piece:?} is written, what came before it is in no file of the same folder, and \
             across file systems no file can be renamed"
        );
    });
    replace(&path, &mut pieces).expect("the file can be replaced");
    let found = fs::read_to_string(&path).expect("it is there");
    assert_eq!(found, "one two three", "the new contents");
}

struct RemovedAtTheEnd(PathBuf);

impl Drop for RemovedAtTheEnd {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
