use std::thread;

fn main() {
    let helper = thread::spawn(|| 7);
    helper.join().unwrap();
    helper.join().unwrap();
}
