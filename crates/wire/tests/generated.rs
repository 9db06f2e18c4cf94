//! The checked-in messages are what `proto/palisade.proto` says. `PALISADE_BLESS=1` rewrites them.

use std::path::Path;

#[test]
fn messages_match_the_proto_file() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let out = tempfile::tempdir().expect("a temporary folder");
    let set = protox::compile(["palisade.proto"], [root.join("proto")]).expect("the proto file compiles");
    prost_build::Config::new().bytes(["."]).out_dir(out.path()).compile_fds(set).expect("code is generated");
    let fresh = std::fs::read_to_string(out.path().join("palisade.wire.v1.rs")).expect("generated file");
    let kept = root.join("src/generated/palisade.wire.v1.rs");
    if std::env::var_os("PALISADE_BLESS").is_some() {
        std::fs::write(&kept, &fresh).expect("written");
    }
    let checked_in = std::fs::read_to_string(&kept).unwrap_or_default();
    assert!(checked_in == fresh, "generated messages differ from the proto file: run with PALISADE_BLESS=1");
}
