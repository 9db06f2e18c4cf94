//! The kernel-side programs of the sensor, compiled, and the layout of their records.
//!
//! One object per capability group, so that each can be tried by itself: libbpf loads all
//! programs of an object or none. The sources lie in `src/bpf` under `GPL-2.0 OR Apache-2.0`.

pub mod layout;

include!(concat!(env!("OUT_DIR"), "/programs.rs"));

/// libelf reads fields in place, so an object starts at an aligned address.
#[repr(C, align(8))]
struct Aligned<T: ?Sized>(T);

macro_rules! object {
    ($(#[$doc:meta])* $name:ident, $file:literal) => {
        $(#[$doc])*
        pub static $name: &[u8] = {
            static BYTES: &Aligned<[u8]> =
                &Aligned(*include_bytes!(concat!(env!("OUT_DIR"), "/", $file)));
            &BYTES.0
        };
    };
}

object!(
    /// exec, fork and exit.
    PROCESS,
    "process.o"
);
object!(
    /// Outbound TCP connections.
    NETWORK,
    "network.o"
);
object!(
    /// Creating, modifying, renaming and deleting of files.
    FILE,
    "file.o"
);
object!(
    /// Iterator over the processes that live already.
    TASKS,
    "tasks.o"
);
