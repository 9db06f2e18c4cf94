//! The published mix of events.

use palisade_types::TimeMicros;
use palisade_wire::msg::fact::Kind;
use palisade_wire::msg::{Batch, Connection, Fact, FileEvent, Process, ProcessCreated, ProcessTerminated};
use prost::Message;
use prost::bytes::Bytes;

/// What the batches hold.
pub const DESCRIPTION: &str = "mix: of 20 events 7 process starts, 7 ends, 4 file events, 2 connections; one dictionary \
     entry for each start, command lines of 20 to 200 characters, 40 different programs";

/// One encoded batch. The same seed gives the same content but for its time.
pub fn batch(seed: u64, events: usize, now: TimeMicros) -> Vec<u8> {
    let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let mut out = Batch { boot_id: Bytes::from_static(&[7; 16]), ..Batch::default() };
    let mut last = 1;
    out.processes.push(process(&mut random, seed, 0, now));
    for n in 0..events {
        let kind = match n % 20 {
            0..7 => {
                last = out.processes.len() as u64 + 1;
                out.processes.push(process(&mut random, seed, last - 1, now));
                Kind::ProcessCreated(ProcessCreated { created: id(seed, last - 1) })
            }
            7..14 => Kind::ProcessTerminated(ProcessTerminated {
                terminated: id(seed, last - 1),
                exit_code: 0,
                signal: 0,
            }),
            14..18 => Kind::File(FileEvent {
                action: (n % 4) as i32,
                path: format!("/var/lib/service-{}/data/{:08x}.db", random.below(20), random.next()),
                previous_path: if n % 4 == 2 {
                    format!("/var/lib/old-{:x}", random.next())
                } else {
                    String::new()
                },
                size: Some(random.below(1 << 20)),
                inode: random.below(1 << 24),
                mode: 0o100_644,
                path_truncated: false,
            }),
            _ => Kind::Connection(Connection {
                outcome: 0,
                local_ip: Bytes::from_static(&[10, 0, 0, 5]),
                remote_ip: Bytes::copy_from_slice(&[10, 0, random.below(8) as u8, random.below(250) as u8]),
                local_port: 32768 + random.below(28000) as u32,
                remote_port: [443, 5432, 6379, 80][random.below(4) as usize],
                protocol: 6,
            }),
        };
        out.facts.push(Fact {
            time_us: now.0 + n as i64,
            report_id: (seed << 24 | n as u64) & ((1 << 53) - 1),
            process: id(seed, 0),
            kind: Some(kind),
        });
    }
    out.encode_to_vec()
}

fn id(seed: u64, n: u64) -> u64 {
    seed << 20 | n | 1 << 40
}

fn process(random: &mut Random, seed: u64, n: u64, now: TimeMicros) -> Process {
    let program = random.below(40);
    let words = 2 + random.below(12);
    let line: Vec<String> = (0..words).map(|w| format!("--option-{w}={:x}", random.below(1 << 24))).collect();
    let digest = |salt: u64, len: usize| -> Bytes {
        let mut r = Random((program + 1).wrapping_mul(salt) | 1);
        (0..len).map(|_| r.next() as u8).collect::<Vec<u8>>().into()
    };
    Process {
        unique_id: id(seed, n),
        pid: 1000 + random.below(30000) as u32,
        start_us: now.0 + n as i64,
        path: format!("/usr/bin/program-{program}"),
        command_line: format!("/usr/bin/program-{program} {}", line.join(" ")),
        working_directory: "/srv/app".into(),
        uid: 1000 + random.below(4) as u32,
        gid: 1000,
        user: format!("service{}", random.below(4)),
        sid: 900,
        parent_unique_id: if n == 0 { 0 } else { id(seed, 0) },
        parent_pid: 900,
        parent_start_us: now.0 - 1_000_000,
        parent_path: "/usr/bin/bash".into(),
        sha256: digest(3, 32),
        sha1: digest(5, 20),
        md5: digest(7, 16),
        file_size: Some(100_000 + program),
        cgroup_id: 77,
        cgroup_path: "/system.slice/app.service".into(),
        comm: format!("program-{program}"),
        ..Process::default()
    }
}

/// xorshift: the same numbers on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}
