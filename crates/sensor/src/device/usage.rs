//! What the sensor itself costs.

use crate::files::read_text;

/// Resident memory of this process, bytes.
pub fn resident_bytes() -> u64 {
    let pages: u64 =
        read_text("/proc/self/statm").split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    pages * page_size()
}

fn page_size() -> u64 {
    // SAFETY: sysconf has no preconditions.
    u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).unwrap_or(4096)
}

/// CPU time that this process has used since it started, microseconds.
pub fn cpu_us() -> u64 {
    let Ok(u) = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF) else { return 0 };
    let micros =
        |t: nix::sys::time::TimeVal| u64::try_from(t.tv_sec() * 1_000_000 + t.tv_usec()).unwrap_or(0);
    micros(u.user_time()) + micros(u.system_time())
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_running_program_costs_something() {
        assert!(super::resident_bytes() > 100_000);
        assert!(super::cpu_us() > 0);
    }
}
