use std::process::Command;

fn main() -> std::io::Result<()> {
    let name = String::from("office.png");
    let letters = || name.len();
    let child = Command::new("worker").arg(letters).spawn()?;
    println!("{}", child.wait_with_output()?.status);
    Ok(())
}
