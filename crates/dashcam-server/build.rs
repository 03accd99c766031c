//! Makes cargo notice when the built page changes. It builds nothing itself.

fn main() {
    println!("cargo:rerun-if-changed=page");
}
