//! Side by side: ours and what a user would take instead, in turn within one run.
//!
//! | run | does |
//! |---|---|
//! | `cargo bench` | every group except `compile`; prints a table each, writes `target/bench/<group>.json` |
//! | `cargo bench -- thread_map growth` | these groups |
//! | `cargo bench -- compile` | builds the crate twice from clean, some two minutes |
//! | `cargo bench -- --quick` | few rounds, without the long cases; some two minutes |
//! | `cargo bench -- --tables` | measures nothing, prints the tables of the last run |
//!
//! `BLESS=1` also writes the tables to `fixtures/blessed/bench/`, which the book shows. A peer that is not
//! installed has a row that says so.

// Groups that share nothing but the harness; a file each.
#[cfg(unix)]
mod compare;
#[cfg(unix)]
mod compile;
#[cfg(unix)]
mod downloads;
#[cfg(unix)]
mod growth;
#[cfg(unix)]
mod harness;
#[cfg(unix)]
mod machine;
#[cfg(unix)]
mod memory;
#[cfg(unix)]
mod process_pool;
#[cfg(unix)]
mod python;
#[cfg(unix)]
mod reasons;
#[cfg(unix)]
mod semaphore;
#[cfg(unix)]
mod start;
#[cfg(unix)]
mod statistics;
#[cfg(unix)]
mod stop_latency;
#[cfg(unix)]
mod table;
#[cfg(unix)]
mod thread_map;
#[cfg(unix)]
mod which;
#[cfg(unix)]
mod work;

#[cfg(unix)]
type Run = fn(&mut harness::Group);

#[cfg(unix)]
const GROUPS: [(&str, Run); 10] = [
    ("thread_map", thread_map::run),
    ("semaphore", semaphore::run),
    ("process_pool", process_pool::run),
    ("downloads", downloads::run),
    ("stop_latency", stop_latency::run),
    ("start", start::run),
    ("compare", compare::run),
    ("growth", growth::run),
    ("memory", memory::run),
    ("compile", compile::run),
];

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    procspawn::init();
    threadproof::run_if_worker(&work::table());
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if has(work::ECHO) {
        if has(work::THREAD) {
            std::thread::spawn(std::thread::park);
        }
        return work::echo();
    }
    if let [memory::NEED, need] = &*arguments.iter().map(|word| &**word).collect::<Vec<&str>>() {
        return memory::print(need);
    }
    let asked = |name: &&str| arguments.iter().any(|argument| argument == name);
    let unknown = arguments.iter().find(|argument| {
        !["--bench", "--quick", "--tables"].contains(&argument.as_str())
            && !GROUPS.iter().any(|(name, _)| name == argument)
    });
    if let Some(unknown) = unknown {
        let names = GROUPS.map(|(name, _)| name).join(", ");
        eprintln!("no group {unknown}; the groups are {names}");
        return std::process::ExitCode::from(2);
    }
    let mut all_asked: Vec<_> = GROUPS.iter().filter(|(name, _)| asked(name)).collect();
    if all_asked.is_empty() {
        // It compares nothing, and takes as long as all the others.
        let is_short = |(name, _): &&(&str, Run)| has("--tables") || *name != "compile";
        all_asked = GROUPS.iter().filter(is_short).collect();
    }
    let mut missed = Vec::new();
    for (name, run) in all_asked {
        if !has("--tables") {
            let mut group = harness::Group::new(has("--quick"));
            run(&mut group);
            table::Report::new(name, group).store();
        }
        let Some(report) = table::Report::load(name) else {
            println!("\n{name}: not measured");
            continue;
        };
        println!("\n## {name}\n\n{}", report.markdown());
        if std::env::var_os("BLESS").is_some() {
            report.bless();
        }
        missed.extend(report.missed());
    }
    if std::env::var_os("BLESS").is_some() {
        table::bless("which", &which::markdown());
        let all = GROUPS
            .iter()
            .filter_map(|(name, _)| table::Report::load(name));
        let missed: Vec<String> = all.flat_map(|report| report.missed()).collect();
        table::bless("missed", &(missed.join("\n") + "\n"));
    }
    println!("\n{} goals missed\n{}", missed.len(), missed.join("\n"));
    std::process::ExitCode::SUCCESS
}

#[cfg(not(unix))]
fn main() {
    eprintln!("the benches need Unix");
}
