//! A job is submitted to a pool of one worker while main shuts it down.

use super::{Actor, Cast, Lines, Over, Shared, body, look, shared, verdict, when, with, words};

#[derive(Default)]
struct Pool {
    is_closed: bool,
    jobs: u32,
}

fn submit_broken(turn: &Actor, pool: &Shared<Pool>) -> Result<(), Over> {
    // ANCHOR: submit_broken
    if turn.locked("the lock", || is_closed(pool))? {
        return Ok(());
    }
    turn.locked("the lock", || put(pool))
    // ANCHOR_END: submit_broken
}

fn submit_mended(turn: &Actor, pool: &Shared<Pool>) -> Result<(), Over> {
    // ANCHOR: submit_mended
    turn.locked("the lock", || put_unless_closed(pool))
    // ANCHOR_END: submit_mended
}

fn shut_down(turn: &Actor, pool: &Shared<Pool>) -> Result<(), Over> {
    // ANCHOR: shut_down
    turn.locked("the lock", || close(pool))
    // ANCHOR_END: shut_down
}

fn worker(turn: &Actor, pool: &Shared<Pool>) -> Result<(), Over> {
    // ANCHOR: worker
    while claim(turn, pool)? {}
    Ok(())
    // ANCHOR_END: worker
}

fn is_closed(pool: &Shared<Pool>) -> (bool, String) {
    match with(pool, |pool| pool.is_closed) {
        true => (true, "looks: closed, refuses the job".to_owned()),
        false => (false, "looks: open".to_owned()),
    }
}

fn put(pool: &Shared<Pool>) -> ((), String) {
    with(pool, |pool| pool.jobs += 1);
    words("puts the job in")
}

fn put_unless_closed(pool: &Shared<Pool>) -> ((), String) {
    if is_closed(pool).0 {
        return words("looks: closed, refuses the job");
    }
    put(pool);
    words("looks: open, puts the job in")
}

fn close(pool: &Shared<Pool>) -> ((), String) {
    with(pool, |pool| pool.is_closed = true);
    words("closes the pool")
}

/// A step stands where this is called.
#[track_caller]
fn claim(turn: &Actor, pool: &Shared<Pool>) -> Result<bool, Over> {
    let job_or_end = when(pool, |pool| pool.jobs > 0 || pool.is_closed);
    turn.until(job_or_end, || {
        with(pool, |pool| match pool.jobs {
            0 => (false, "looks: empty and closed, leaves".to_owned()),
            _ => {
                pool.jobs -= 1;
                (true, "takes the job and runs it".to_owned())
            }
        })
    })
}

pub(super) fn broken() -> Cast {
    cast([submit_broken, shut_down, worker])
}

pub(super) fn mended() -> Cast {
    cast([submit_mended, shut_down, worker])
}

fn cast(lines: [Lines<Pool>; 3]) -> Cast {
    let pool = shared(Pool::default());
    Cast {
        bodies: lines.map(|lines| body(&pool, lines)).into(),
        asleep: Vec::new(),
        look: look(&pool, |pool| {
            let is_open = !pool.is_closed;
            format!("open = {is_open}; jobs = {}", pool.jobs)
        }),
        judge: Box::new(move || {
            let left = with(&pool, |pool| pool.jobs);
            let bad = "the job was taken in, and nobody is left to run it";
            verdict(left == 0, "the job was run or refused", bad)
        }),
    }
}
