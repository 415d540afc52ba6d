//! Says what is still wrong with your solution of an exercise.
//!
//! `cargo run -p exercises` lists the exercises, `cargo run -p exercises -- join` looks at one,
//! `cargo run -p exercises -- all` at each. It exits with 0 if all that it looked at are solved, with
//! 1 if one is not, and with 2 if there is no exercise of that name.

mod all;

use std::process::ExitCode;

use all::{ALL, Exercise};

fn main() -> ExitCode {
    // What a panic says is told below, once.
    std::panic::set_hook(Box::new(|_| {}));
    let name = std::env::args().nth(1).map(|name| name.replace('_', "-"));
    let chosen: Vec<&Exercise> = match name.as_deref() {
        None => {
            for exercise in &ALL {
                println!("{:18} {}", exercise.name, exercise.task);
            }
            println!("\ncargo run -p exercises -- NAME says what is still wrong with yours.");
            return ExitCode::SUCCESS;
        }
        Some("all") => ALL.iter().collect(),
        Some(name) => ALL.iter().filter(|one| one.name == name).collect(),
    };
    if chosen.is_empty() {
        let name = name.unwrap_or_default();
        eprintln!("there is no exercise {name:?}; cargo run -p exercises lists them");
        return ExitCode::from(2);
    }
    // What cargo says of the build stands above.
    println!();
    let mut n_solved = 0;
    for exercise in &chosen {
        let verdict = all::verdict(exercise);
        n_solved += usize::from(verdict.ends_with(all::SOLVED));
        println!("{verdict}");
    }
    if chosen.len() > 1 {
        println!("\n{n_solved} of {} are solved.", chosen.len());
    }
    ExitCode::from(u8::from(n_solved < chosen.len()))
}
