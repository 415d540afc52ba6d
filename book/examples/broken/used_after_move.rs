use std::thread;

fn main() {
    let name = String::from("office.png");
    let helper = thread::spawn(move || name.len());
    println!("main: {name} is being counted");
    helper.join().unwrap();
}
