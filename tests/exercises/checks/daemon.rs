#[path = "../solutions/daemon.rs"]
mod solution;
#[path = "../starters/daemon.rs"]
mod starter;

use std::fs::{self, File};
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
    let mut beside = Vec::new();
    let mut so_far = String::new();
    let mut pieces = ["one ", "two ", "three"].into_iter().inspect(|piece| {
        let found = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            found, "old",
            "before {piece:?} is written, half a file is there, or none"
        );
        let mut files = fs::read_dir(&folder).into_iter().flatten().flatten();
        let has_it = |file: fs::DirEntry| {
            fs::read_to_string(file.path()).is_ok_and(|found| found == so_far)
        };
        assert!(
            so_far.is_empty() || files.any(has_it),
            "before {piece:?} is written, what came before it is in no file of the folder: each piece is \
             to be written when it comes, to a file in the same folder"
        );
        so_far += piece;
        if *piece == "three" {
            beside.extend(files_in(&folder).filter(|(name, _)| *name != path));
        }
    });
    replace(&path, &mut pieces).expect("the file can be replaced");
    let found = fs::read_to_string(&path).expect("it is there");
    assert_eq!(found, "one two three", "the new contents");
    let new = File::open(&path).expect("it is there");
    assert!(
        beside.iter().any(|(_, file)| is_same(file, &new)),
        "the final name is written to, and not renamed to: whoever reads meanwhile finds half of it"
    );
}

/// Each file with its name; as long as it is open, no other one gets its number.
fn files_in(folder: &Path) -> impl Iterator<Item = (PathBuf, File)> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.path(), File::open(entry.path()).ok()?)))
}

/// Whether both are one file of the system.
#[cfg(unix)]
fn is_same(one: &File, other: &File) -> bool {
    use std::os::unix::fs::MetadataExt;
    let number = |file: &File| file.metadata().map(|file| (file.dev(), file.ino())).ok();
    number(one) == number(other)
}

/// std knows no number of a file there.
#[cfg(not(unix))]
fn is_same(_: &File, _: &File) -> bool {
    true
}

struct RemovedAtTheEnd(PathBuf);

impl Drop for RemovedAtTheEnd {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::super::what_is_wrong;
    use super::{Path, Pieces, check, fs, io};

    #[cfg(unix)]
    fn write_beside(path: &Path, pieces: Pieces<'_>) -> io::Result<String> {
        use std::io::Write;
        let mut file = fs::File::create(path.with_extension("new"))?;
        for piece in pieces {
            file.write_all(piece.as_bytes())?;
        }
        fs::read_to_string(path.with_extension("new"))
    }

    #[test]
    #[cfg(unix)]
    fn who_writes_to_the_final_name_in_the_end_is_told_so() {
        fn writes_in_place(path: &Path, pieces: Pieces<'_>) -> io::Result<()> {
            fs::write(path, write_beside(path, pieces)?)
        }
        fn removes_and_writes(path: &Path, pieces: Pieces<'_>) -> io::Result<()> {
            let all = write_beside(path, pieces)?;
            fs::remove_file(path.with_extension("new"))?;
            fs::remove_file(path)?;
            fs::write(path, all)
        }
        let told = [
            what_is_wrong(|| check(writes_in_place)),
            what_is_wrong(|| check(removes_and_writes)),
        ];
        for told in told {
            let told = told.expect("it is wrong");
            assert!(told.contains("written to, and not renamed to"), "{told}");
        }
    }

    #[test]
    fn who_collects_first_is_told_so() {
        fn collects(path: &Path, pieces: Pieces<'_>) -> io::Result<()> {
            let all: String = pieces.collect();
            fs::write(path.with_extension("new"), all)?;
            fs::rename(path.with_extension("new"), path)
        }
        fn creates_and_collects(path: &Path, pieces: Pieces<'_>) -> io::Result<()> {
            use std::io::Write;
            let mut file = fs::File::create(path.with_extension("new"))?;
            let all: String = pieces.collect();
            file.write_all(all.as_bytes())?;
            fs::rename(path.with_extension("new"), path)
        }
        let told = [
            what_is_wrong(|| check(collects)),
            what_is_wrong(|| check(creates_and_collects)),
        ];
        for told in told {
            let told = told.expect("it is wrong");
            assert!(told.contains("written when it comes"), "{told}");
        }
    }
}
