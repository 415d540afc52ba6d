//! §10: an ordered map over processes.

use std::ffi::{OsStr, OsString};
use std::time::Instant;

use serde_json::json;
use threadproof::{ProcessPool, Shutdown};

use super::context::{Context, Outcome};
use crate::cli::failure::Failure;
use crate::cli::work::Square;

pub(crate) fn run(context: &Context) -> Result<Outcome, Failure> {
    let workers = context.workers(3);
    let start = Instant::now();
    let main = context.main_lane(start);
    let mut program = context.program.clone();
    if let Some(launcher) = &context.options.launcher {
        program = program.wrapped_by(words_of(launcher));
    }
    // ANCHOR: run
    let pool = ProcessPool::builder(program)
        .workers(workers.get())
        .build()?;
    let up = start.elapsed();
    main.say(format_args!("{workers} workers are up"));
    let lane = context.story.elsewhere(start);
    let inputs = [1, 2, 3, 4, 5].map(|number| Square { number, lane });
    let (began, map) = (context.timeline.elapsed(), Instant::now());
    let outputs = context.interruptible(|| pool.kill(), || pool.map(inputs))?;
    let time = map.elapsed();
    // ANCHOR_END: run
    context
        .timeline
        .record("main", "map", began, context.timeline.elapsed());
    let outputs = outputs.into_iter().collect::<Result<Vec<_>, _>>()?;
    let squares: Vec<i64> = outputs.iter().map(|(square, _)| *square).collect();
    main.say(format_args!("Squares: {squares:?}"));
    let down = Instant::now();
    pool.shutdown(Shutdown::Drain);
    let down = down.elapsed();
    main.say("Main program done!!");
    let millis = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    Ok(Outcome {
        what: format!(
            "{} squares on {workers} workers (up in {:.1} ms, down in {:.1} ms)",
            squares.len(),
            millis(up),
            millis(down)
        ),
        time,
        baseline: None,
        details: json!({
            "squares": squares,
            "pids": outputs.iter().map(|(_, pid)| pid).collect::<Vec<_>>(),
            "seconds_up": up.as_secs_f64(),
            "seconds_down": down.as_secs_f64(),
        }),
    })
}

/// What stands between spaces, whatever bytes it is.
#[cfg(unix)]
fn words_of(command: &OsStr) -> impl Iterator<Item = OsString> {
    use std::os::unix::ffi::OsStrExt;
    let words = command.as_bytes().split(u8::is_ascii_whitespace);
    let words = words.filter(|word| !word.is_empty());
    words.map(|word| OsStr::from_bytes(word).to_owned())
}

/// What stands between spaces; quotes mean nothing, as elsewhere.
#[cfg(windows)]
fn words_of(command: &OsStr) -> impl Iterator<Item = OsString> {
    use std::os::windows::ffi::{OsStrExt, OsStringExt};
    let letters: Vec<u16> = command.encode_wide().collect();
    let is_space = |letter: &u16| u8::try_from(*letter).is_ok_and(|it| it.is_ascii_whitespace());
    let words = letters.split(is_space).filter(|word| !word.is_empty());
    words
        .map(OsString::from_wide)
        .collect::<Vec<_>>()
        .into_iter()
}
