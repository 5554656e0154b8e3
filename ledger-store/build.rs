//! The migrations are compiled in: a file added to their folder must lead to a new build.

fn main() {
    println!("cargo:rerun-if-changed=../migrations");
}
