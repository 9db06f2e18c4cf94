//! Present so that build dependencies unify as well.
fn main() {}
