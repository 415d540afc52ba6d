//! A flag for each name; main stops "d.txt", then "b.txt".

use std::thread;
use std::time::Duration;
use threadproof::StopFlags;

fn main() {
    let flags = StopFlags::new(["a.txt", "b.txt"]);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !flags.is_stopped("b.txt").unwrap() {
                thread::sleep(Duration::from_millis(20));
            }
            println!("watcher of b.txt: stopped");
        });
        match flags.stop("d.txt") {
            Ok(_) => println!("main: stopped"),
            Err(error) => println!("main: {error}"),
        }
        flags.stop("b.txt").unwrap();
    });
}
