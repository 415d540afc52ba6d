//! threadproof: a thread panics, and main joins it.

use threadproof::JoinError;

fn main() -> std::io::Result<()> {
    let body = || -> usize { panic!("404 Not Found") };
    let download = threadproof::start("download-2", body)?;
    match download.join() {
        Ok(bytes) => println!("{bytes} bytes"),
        Err(JoinError::Panicked(panicked)) => {
            println!("{}: {}", panicked.worker(), panicked.message());
            println!("at {}", panicked.location().unwrap_or("?"));
        }
        Err(error) => println!("{error}"),
    }
    Ok(())
}
