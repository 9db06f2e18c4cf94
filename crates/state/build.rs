//! Rebuilds the crate when a migration is added, since the macro only tracks those it has seen.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
