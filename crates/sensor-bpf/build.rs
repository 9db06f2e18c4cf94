//! Compiles the programs with Debian's clang into OUT_DIR and names them by a hash.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use libbpf_cargo::SkeletonBuilder;

const OBJECTS: [&str; 4] = ["process", "network", "file", "tasks"];

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    let sources = PathBuf::from("src/bpf");
    let clang = env::var("PALISADE_CLANG").unwrap_or_else(|_| "clang-14".to_owned());
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for name in OBJECTS {
        let object = out.join(format!("{name}.o"));
        let built = SkeletonBuilder::new()
            .source(sources.join(format!("{name}.bpf.c")))
            .clang(&clang)
            .clang_args(["-mcpu=v3", "-D__TARGET_ARCH_x86"])
            .obj(&object)
            .build();
        if let Err(error) = built {
            panic!("{name}.bpf.c does not compile with {clang}: {error:#}");
        }
        for byte in fs::read(&object).expect("the object was just written") {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    let mut text = String::new();
    let _ = writeln!(text, "/// Hash of all compiled objects; another one means other programs.");
    let _ = writeln!(text, "pub const PROGRAMS: u64 = {hash:#x};");
    fs::write(out.join("programs.rs"), text).expect("OUT_DIR is writable");
    println!("cargo:rerun-if-changed=src/bpf");
    println!("cargo:rerun-if-env-changed=PALISADE_CLANG");
}
