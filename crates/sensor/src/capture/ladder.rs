//! Which programs make up each component, from the best rung of its ladder down.

/// How one program is attached.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Attach {
    /// By the kernel's type information.
    Btf(&'static str),
    /// To a raw tracepoint of this name.
    Raw(&'static str, &'static str),
    /// To a classic tracepoint `group/name`.
    Classic(&'static str, &'static str),
}

impl Attach {
    pub(crate) fn program(&self) -> &'static str {
        match self {
            Self::Btf(program) | Self::Raw(program, _) | Self::Classic(program, _) => program,
        }
    }
}

/// One way to get a component's events.
#[derive(Debug)]
pub(crate) struct Rung {
    pub(crate) mechanism: &'static str,
    pub(crate) attach: &'static [Attach],
    /// Not every kernel has these (system calls that came later).
    pub(crate) optional: &'static [Attach],
}

/// A capability group with its object.
#[derive(Debug)]
pub(crate) struct Ladder {
    pub(crate) name: &'static str,
    pub(crate) object: &'static [u8],
    pub(crate) rungs: &'static [Rung],
}

use Attach::{Btf, Classic, Raw};

pub(crate) fn ladders() -> [Ladder; 3] {
    [
        Ladder { name: "process", object: palisade_sensor_bpf::PROCESS, rungs: PROCESS },
        Ladder { name: "network", object: palisade_sensor_bpf::NETWORK, rungs: NETWORK },
        Ladder { name: "file", object: palisade_sensor_bpf::FILE, rungs: FILE },
    ]
}

const PROCESS: &[Rung] = &[
    Rung { mechanism: "tp_btf", attach: &[Btf("exec_btf"), Btf("fork_btf"), Btf("exit_btf")], optional: &[] },
    Rung {
        mechanism: "raw_tracepoint",
        attach: &[
            Raw("exec_raw", "sched_process_exec"),
            Raw("fork_raw", "sched_process_fork"),
            Raw("exit_raw", "sched_process_exit"),
        ],
        optional: &[],
    },
];

const NETWORK: &[Rung] = &[
    Rung { mechanism: "tp_btf", attach: &[Btf("state_btf")], optional: &[] },
    Rung {
        mechanism: "tracepoint",
        attach: &[Classic("state_classic", "sock/inet_sock_set_state")],
        optional: &[],
    },
];

const FILE: &[Rung] = &[
    Rung {
        mechanism: "tracepoint",
        attach: &[
            // Exits first: an exit without its entry is ignored, an entry without exit would stay.
            Classic("exit_any", "syscalls/sys_exit_open"),
            Classic("exit_any", "syscalls/sys_exit_openat"),
            Classic("exit_any", "syscalls/sys_exit_creat"),
            Classic("exit_any", "syscalls/sys_exit_truncate"),
            Classic("exit_any", "syscalls/sys_exit_unlink"),
            Classic("exit_any", "syscalls/sys_exit_unlinkat"),
            Classic("exit_any", "syscalls/sys_exit_rename"),
            Classic("exit_any", "syscalls/sys_exit_renameat"),
            Classic("exit_any", "syscalls/sys_exit_renameat2"),
            Classic("exit_any", "syscalls/sys_exit_link"),
            Classic("exit_any", "syscalls/sys_exit_linkat"),
            Classic("exit_any", "syscalls/sys_exit_symlink"),
            Classic("exit_any", "syscalls/sys_exit_symlinkat"),
            Classic("enter_1", "syscalls/sys_enter_close"),
            Classic("enter_1", "syscalls/sys_enter_unlink"),
            Classic("enter_2", "syscalls/sys_enter_creat"),
            Classic("enter_2", "syscalls/sys_enter_truncate"),
            Classic("enter_2", "syscalls/sys_enter_rename"),
            Classic("enter_2", "syscalls/sys_enter_link"),
            Classic("enter_2", "syscalls/sys_enter_symlink"),
            Classic("enter_2", "syscalls/sys_enter_dup2"),
            Classic("enter_3", "syscalls/sys_enter_open"),
            Classic("enter_3", "syscalls/sys_enter_unlinkat"),
            Classic("enter_3", "syscalls/sys_enter_symlinkat"),
            Classic("enter_3", "syscalls/sys_enter_dup3"),
            Classic("enter_3", "syscalls/sys_enter_execve"),
            Classic("enter_4", "syscalls/sys_enter_openat"),
            Classic("enter_4", "syscalls/sys_enter_renameat"),
            Classic("enter_5", "syscalls/sys_enter_renameat2"),
            Classic("enter_5", "syscalls/sys_enter_linkat"),
            Classic("enter_5", "syscalls/sys_enter_execveat"),
            Raw("last_look", "sched_process_exit"),
        ],
        optional: &[
            Classic("exit_any", "syscalls/sys_exit_openat2"),
            Classic("enter_4", "syscalls/sys_enter_openat2"),
            Classic("enter_3", "syscalls/sys_enter_close_range"),
        ],
    },
    Rung {
        mechanism: "raw_tracepoint",
        attach: &[
            Raw("exit_raw", "sys_exit"),
            Raw("enter_raw", "sys_enter"),
            Raw("last_look", "sched_process_exit"),
        ],
        optional: &[],
    },
];
