//! One thread more: main starts it, goes on, and gets its answer.

use std::thread;

fn main() {
    let name = String::from("office.png");
    let helper = thread::spawn(move || {
        println!("thread: I count the letters of {name}");
        name.len()
    });
    println!("main:   I go on at once");
    let letters = helper.join().unwrap();
    println!("main:   the thread gave me {letters}");
}
