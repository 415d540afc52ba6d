//! A program for the tests: a worker whose jobs abort, hang and kill, one with daemons, or one that
//! can be stopped.

mod misbehave;

fn main() -> std::process::ExitCode {
    let table = threadproof::WorkTable::new()
        .with::<threadproof::compare::Count>()
        .with::<misbehave::Misbehave>()
        .with::<misbehave::Half>()
        .with::<misbehave::Slow>()
        .with::<misbehave::Faulty>();
    threadproof::run_if_worker(&table.initialised_by(misbehave::initialise));
    // The program's own name, which comes first, may be no UTF-8.
    let words = std::env::args_os().skip(1);
    let words: Vec<String> = words.flat_map(std::ffi::OsString::into_string).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["leave-busy-daemons", number] => {
            misbehave::leave_busy_daemons(number.parse().expect("a number"));
            std::process::ExitCode::SUCCESS
        }
        ["outlive-its-file", by] => match misbehave::outlive_its_file(by) {
            Ok(()) => std::process::ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("{error}");
                std::process::ExitCode::FAILURE
            }
        },
        ["obey-signals"] => misbehave::obey_signals().into(),
        _ => {
            eprintln!(
                "misbehave: the tests start it, as a worker, to `leave-busy-daemons N`, or to `obey-signals`"
            );
            std::process::ExitCode::from(2)
        }
    }
}
