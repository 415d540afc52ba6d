//! The program of the chapter on the pool of threads that a reader copies.

// ANCHOR: program
use std::error::Error;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::{env, fs, io, thread};

use threadproof::{JobError, ThreadPool};

/// The mean length of a file's lines. A file without a line divides by zero.
fn mean_length(file: PathBuf) -> io::Result<usize> {
    let text = fs::read_to_string(file)?;
    Ok(text.len() / text.lines().count())
}

fn report(pool: &ThreadPool, files: Vec<PathBuf>) -> Vec<String> {
    let outcomes = pool.map(files.clone(), mean_length);
    let tell = |outcome| match outcome {
        Ok(Ok(mean)) => format!("{mean} bytes a line"),
        Ok(Err(error)) => format!("cannot be read: {error}"),
        Err(JobError::Panicked(panicked)) => format!("a bug: {}", panicked.message()),
        Err(error) => format!("did not run: {error}"),
    };
    let lines = files.iter().zip(outcomes);
    lines
        .map(|(file, outcome)| format!("{}: {}", file.display(), tell(outcome)))
        .collect()
}

fn main() -> Result<(), Box<dyn Error>> {
    let workers = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let pool = ThreadPool::new(workers)?;
    let files = env::args_os().skip(1).map(PathBuf::from);
    for line in report(&pool, files.collect()) {
        println!("{line}");
    }
    Ok(())
}
// ANCHOR_END: program

#[test]
fn the_program_of_the_chapter_tells_what_became_of_each_file() {
    let folder = tempfile::tempdir().unwrap();
    let in_folder = |name: &str| folder.path().join(name);
    fs::write(in_folder("two-lines"), "123\n56789\n").unwrap();
    fs::write(in_folder("empty"), "").unwrap();
    let pool = ThreadPool::new(NonZeroUsize::MIN).unwrap();
    let files = ["two-lines", "absent", "empty", "two-lines"].map(in_folder);
    let told = report(&pool, files.to_vec());
    let expected = [
        "two-lines: 5 bytes a line",
        "absent: cannot be read: ",
        "empty: a bug: attempt to divide by zero",
        "two-lines: 5 bytes a line",
    ];
    assert_eq!(told.len(), expected.len());
    for (line, expected) in told.iter().zip(expected) {
        let start = in_folder(expected).display().to_string();
        assert!(line.starts_with(&start), "{line}");
    }
}

#[test]
fn the_program_of_the_chapter_ends_well() {
    // Its arguments are those of the test: whatever they are, there is a line about each.
    main().unwrap();
}
