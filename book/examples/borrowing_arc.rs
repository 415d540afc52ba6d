//! Two owners of one string, each on its thread.

use std::sync::Arc;
use std::thread;

fn main() {
    let name = Arc::new(String::from("office.png"));
    let own = Arc::clone(&name); // a second owner, not a second string
    let helper = thread::spawn(move || println!("thread: {own}"));
    println!("main:   {name}");
    helper.join().unwrap();
}
