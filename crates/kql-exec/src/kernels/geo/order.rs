//! The order in which the language lists the neighbours of a cell.

/// Buckets of a set of up to eight members.
const BUCKETS: u64 = 8;

/// The members of a set in the order of the language. Its published answers are those of a hash set of
/// eight buckets over FNV-1a: a bucket is listed where its first member came, the latest member first.
pub(crate) fn as_set(members: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut out: Vec<(u64, String)> = Vec::new();
    for member in members {
        if out.iter().any(|(_, other)| *other == member) {
            continue;
        }
        let bucket = fnv(member.as_bytes()) % BUCKETS;
        let at = out.iter().position(|(other, _)| *other == bucket).unwrap_or(out.len());
        out.insert(at, (bucket, member));
    }
    out.into_iter().map(|(_, member)| member).collect()
}

/// FNV-1a of 64 bits (Fowler, Noll, Vo).
fn fnv(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
