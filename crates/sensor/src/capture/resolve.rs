//! Numbers to names: users, cgroups, files, instants, and the ids that we give.

use std::sync::Arc;

use super::cgroups::Cgroups;
use super::clock::Clock;
use super::counters::RunCounts;
use super::event::ProcessInfo;
use super::hash::{Absent, HashCache, Hashes, Identity};
use super::remote::{self, RemoteMounts};
use super::users::Users;

/// What the kernel says of an executed file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Executable {
    pub(crate) identity: Identity,
    /// Kind of file system.
    pub(crate) fs_magic: u32,
    /// Mount namespace in which its path holds.
    pub(crate) mntns: u32,
}

impl Executable {
    /// Whether another machine or a program answers for its file system.
    pub(crate) fn is_remote(&self) -> bool {
        remote::is_remote(self.fs_magic)
    }
}

/// Everything that turns raw records into rows, with its caches.
#[derive(Debug)]
pub(crate) struct Resolver {
    pub(crate) users: Users,
    pub(crate) cgroups: Cgroups,
    pub(crate) hashes: HashCache,
    pub(crate) remote: RemoteMounts,
    pub(crate) own_mount_ns: u32,
    pub(crate) clock: Clock,
    pub(crate) counts: RunCounts,
    pub(crate) boot: [u64; 2],
    pub(crate) no_text: Arc<str>,
}

const UNSET: u32 = u32::MAX;

impl Resolver {
    /// Stable id of a process image, below 2^63 and never 0.
    pub(crate) fn unique_id(&self, pid: u32, start_ns: u64, exec_id: u32) -> u64 {
        let ids = u64::from(pid) << 32 | u64::from(exec_id);
        (mix(&[self.boot[0], self.boot[1], start_ns, ids]) >> 1).max(1)
    }

    /// Stable id of a record, below 2^53 and never 0.
    pub(crate) fn report_id(&self, generation: u64, cpu: u16, level: u8, seq: u64) -> u64 {
        let place = u64::from(cpu) << 8 | u64::from(level);
        (mix(&[self.boot[0], generation, place, seq]) >> 11).max(1)
    }

    pub(crate) fn set_users(&mut self, info: &mut ProcessInfo, uid: u32, login: u32, session: u32) {
        info.uid = uid;
        info.user = self.users.name(uid);
        info.login_uid = (login != UNSET).then_some(login);
        info.login_user = if login == UNSET { Arc::clone(&self.no_text) } else { self.users.name(login) };
        info.audit_session = (session != UNSET).then_some(session);
    }

    pub(crate) fn set_cgroup(&mut self, info: &mut ProcessInfo, id: u64) {
        let cgroup = self.cgroups.get(id);
        info.cgroup_id = id;
        info.cgroup_path = cgroup.path;
        info.container_id = cgroup.container;
    }

    /// Digests of an executable as the kernel described it.
    pub(crate) fn hash(&mut self, file: &Executable, pid: u32, path: &str) -> Arc<Hashes> {
        let hashes = if file.is_remote() {
            Hashes::unread(file.identity.size)
        } else {
            let ours = file.mntns == self.own_mount_ns && !self.remote.holds(path);
            self.hashes.get(&file.identity, pid, path, ours)
        };
        match hashes.absent {
            Absent::No => {}
            Absent::TooLarge => self.counts.hash_too_large += 1,
            Absent::Gone => self.counts.hash_gone += 1,
            Absent::Unreadable => self.counts.hash_unreadable += 1,
            Absent::NotAttempted => self.counts.hash_skipped += 1,
        }
        hashes
    }
}

/// A well-spread number from a few words (the finaliser of splitmix64, chained).
fn mix(words: &[u64]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for word in words {
        state = (state ^ word).wrapping_add(0x9e37_79b9_7f4a_7c15);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    state
}

/// The kernel's name for this boot, as two words.
pub(crate) fn boot_id() -> [u64; 2] {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let id = uuid::Uuid::parse_str(text.trim()).unwrap_or_default();
    let (high, low) = id.as_u64_pair();
    [high, low]
}

#[cfg(test)]
mod tests {
    use super::mix;

    #[test]
    fn neighbours_do_not_collide() {
        let mut ids: Vec<u64> = (0..100_000_u64).map(|n| mix(&[1, 2, n >> 8, n & 255]) >> 11).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 100_000);
    }
}
