//! A panic in the middle of a transfer.

use std::sync::Mutex;
use std::thread;

static ACCOUNTS: Mutex<[i32; 2]> = Mutex::new([100, 0]);

fn main() {
    let transfer = thread::spawn(|| {
        let mut accounts = ACCOUNTS.lock().unwrap();
        accounts[0] -= 30;
        panic!("half way");
        // Never reached: accounts[1] += 30;
    });
    println!("the transfer panicked: {}", transfer.join().is_err());
    match ACCOUNTS.lock() {
        Ok(accounts) => println!("the accounts are {accounts:?}"),
        Err(poisoned) => println!("{poisoned}: {:?}", poisoned.get_ref()),
    }
}
