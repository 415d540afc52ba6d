//! std: a thread panics, and main joins it.

use std::thread;

fn main() {
    let download = thread::spawn(|| -> usize { panic!("404 Not Found") });
    match download.join() {
        Ok(bytes) => println!("{bytes} bytes"),
        Err(payload) => match payload.downcast_ref::<&str>() {
            Some(words) => println!("it panicked: {words}"),
            None => println!("it panicked, and nobody knows why"),
        },
    }
}
