//! The program of the chapter on the pool of processes that a reader copies.
//!
//! It is a test without a harness, a program with a `main` of its own: its workers are itself. That
//! it ends well says that each outcome was as promised.

#[cfg(all(unix, not(loom)))]
mod program {
    include!("use_it/program.rs");

    const NAME: &str = "the_program_of_the_chapter_ends_well";

    /// As a harness would: lists, and leaves out, what it is asked to.
    pub(super) fn as_a_test() -> Result<(), Box<dyn Error>> {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
        if has("--list") {
            if !has("--ignored") {
                println!("{NAME}: test");
            }
            return Ok(());
        }
        let mut filters = arguments.iter().filter(|word| !word.starts_with('-'));
        let is_wanted = filters.clone().next().is_none() || filters.any(|word| NAME.contains(word));
        if is_wanted { main() } else { Ok(()) }
    }
}

#[cfg(all(unix, not(loom)))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    program::as_a_test()
}

#[cfg(not(all(unix, not(loom))))]
fn main() {}
