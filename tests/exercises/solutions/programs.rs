//! All orders of two threads.

pub(super) fn solve(a: usize, b: usize) -> Vec<String> {
    if a == 0 && b == 0 {
        return vec![String::new()];
    }
    let mut orders = Vec::new();
    // Who takes the first step, and then all orders of the rest.
    if a > 0 {
        orders.extend(solve(a - 1, b).iter().map(|rest| format!("A{rest}")));
    }
    if b > 0 {
        orders.extend(solve(a, b - 1).iter().map(|rest| format!("B{rest}")));
    }
    orders
}
