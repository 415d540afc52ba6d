use std::rc::Rc;
use std::thread;

fn main() {
    let name = Rc::new("office.png");
    let own = Rc::clone(&name);
    let helper = thread::spawn(move || println!("{own}"));
    helper.join().unwrap();
}
