//! Two jobs, each in a process of its own: an output, and the reason why there is none.

use threadproof::{Process, Work, WorkTable, WorkerProgram, run_if_worker};

#[derive(serde::Serialize, serde::Deserialize)]
struct Letters(String);
impl Work for Letters {
    type Output = usize;
    const NAME: &'static str = "letters";
    fn run(self) -> usize {
        if self.0.is_empty() {
            std::process::exit(3);
        }
        self.0.len()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    run_if_worker(&WorkTable::new().with::<Letters>());
    let program = WorkerProgram::current()?;
    let start = |name: &str| Process::start(&program, Letters(name.to_owned()));
    let [a, b] = [start("office.png")?, start("")?].map(Process::join);
    println!("a: {}\nb: {}", a?, b.unwrap_err());
    Ok(())
}
