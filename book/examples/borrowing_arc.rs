//! Two owners of one string, each on its thread.

use std::sync::Arc;
use std::thread;

fn main() {
    let name = Arc::new(String::from("office.png"));
    // A second owner, not a second string.
    let own = Arc::clone(&name);
    let helper = thread::spawn(move || println!("thread: {own}"));
    println!("main:   {name}");
    helper.join().unwrap();
}
