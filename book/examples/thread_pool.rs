//! Four jobs on three workers; one panics, and the others do not notice.

use std::num::NonZeroUsize;
use threadproof::ThreadPool;

fn main() -> std::io::Result<()> {
    let pool = ThreadPool::new(NonZeroUsize::new(3).unwrap())?;
    let greetings = pool.map(1..=4, |n: u32| {
        assert!(n != 2, "I do not greet {n}");
        format!("Hello {n}")
    });
    for greeting in greetings {
        match greeting {
            Ok(words) => println!("{words}"),
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}
