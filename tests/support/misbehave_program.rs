//! A program for the tests: a worker whose jobs abort, hang and kill, or a program with daemons.

#[cfg(unix)]
mod misbehave;

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    let table = threadproof::WorkTable::new()
        .with::<threadproof::compare::Count>()
        .with::<misbehave::Misbehave>()
        .with::<misbehave::Faulty>();
    threadproof::run_if_worker(&table.initialised_by(misbehave::initialise));
    let words: Vec<String> = std::env::args().skip(1).collect();
    let daemons = match &words[..] {
        [what, number] if what == "leave-busy-daemons" => number.parse().ok(),
        _ => None,
    };
    match daemons {
        Some(daemons) => {
            misbehave::leave_busy_daemons(daemons);
            std::process::ExitCode::SUCCESS
        }
        None => {
            eprintln!("misbehave: the tests start it, as a worker or to `leave-busy-daemons N`");
            std::process::ExitCode::from(2)
        }
    }
}

#[cfg(not(unix))]
fn main() {}
