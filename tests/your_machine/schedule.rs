//! One schedule, four witnesses: this is Python's part. The page, the baton's part and loom's are
//! those of `tests/process/schedule.rs`.

use std::fs;
use std::process::Command;

use threadproof::schedule::PROGRAMS;

use crate::needs::Need;
use crate::run::Test;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

pub(crate) fn tests() -> Vec<Test> {
    vec![Test::new(
        &[Need::Python],
        python_s_threads_tell_the_story_of_the_page,
    )]
}

fn python_s_threads_tell_the_story_of_the_page() {
    let script = format!("{ROOT}/fixtures/python/replay.py");
    for program in &PROGRAMS {
        let output = Command::new(Need::Python.program())
            .args([&script, program.name])
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let page = format!("{ROOT}/fixtures/blessed/schedules/{}.md", program.name);
        let page = fs::read_to_string(page).unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(page, told, "{}", program.name);
    }
}
