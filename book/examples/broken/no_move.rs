use std::thread;

fn main() {
    let name = String::from("office.png");
    let helper = thread::spawn(|| {
        println!("thread: {name}");
    });
    helper.join().unwrap();
}
