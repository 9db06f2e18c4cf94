/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Records in the ring. src/layout.rs mirrors them; both assert the sizes. */
#ifndef PALISADE_EVENTS_H
#define PALISADE_EVENTS_H

#define EVENT_ABI 1
#define TICK_NS 10000000ull
#define LEVELS 4
#define WAKE_EVERY 16
#define KINDS 16
#define NOTES 16

enum event_kind {
	EV_EXEC = 1,
	EV_FORK = 2,
	EV_EXIT = 3,
	EV_CONNECT_OK = 4,
	EV_CONNECT_FAIL = 5,
	EV_FILE_CREATE = 6,
	EV_FILE_MODIFY = 7,
	EV_FILE_RENAME = 8,
	EV_FILE_DELETE = 9,
	EV_FILE_LINK = 10,
};

/* Things that went wrong without losing a record, or before a record existed. */
enum note {
	NOTE_ARGV_TRUNCATED = 0,
	NOTE_ARGV_UNREADABLE = 1,
	NOTE_PATH_TRUNCATED = 2,
	NOTE_SCRATCH_BUSY = 3,
	NOTE_MAP_FULL = 4,
	NOTE_CONNECT_UNKNOWN = 5,
	NOTE_NAME_UNREADABLE = 6,
	NOTE_FDS_UNSEEN = 7,
};

/* ev_hdr.flags */
#define EF_ARGV_TRUNCATED 1
#define EF_ARGV_UNREADABLE 2
#define EF_EXE_DELETED 4
#define EF_TRUNCATED_OPEN 8
#define EF_SYMLINK 16
#define EF_NAME_UNREADABLE 32
#define EF_EXCHANGE 64

/* seg.flags */
#define SEG_TRUNCATED 1
#define SEG_DETACHED 2

struct ev_hdr {
	u16 kind;
	u16 flags;
	u16 cpu;
	u8 level; /* which of the CPU's sequences; see emit() */
	u8 abi;
	u32 tid;
	u32 tgid;
	u64 seq;
	u64 ktime; /* boot clock, ns */
	u64 start; /* start of the thread group, boot clock, ns */
	u32 exec_id;
	u32 uid;
	u64 cgroup;
};

/* A walked path: `count` names from leaf to root, each ended by NUL. */
struct seg {
	u16 len;
	u8 count;
	u8 flags;
};

struct ev_exec {
	struct ev_hdr h;
	u32 ppid, pexec_id;
	u64 pstart;
	u32 gid, euid, egid, loginuid;
	u32 session, sid, pgid, mntns;
	u64 ino, size;
	s64 ctime;
	u32 ctime_ns, dev;
	u32 mode, argc;
	char comm[16];
	char tty[16];
	struct seg path, cwd;
	u16 name_len, argv_len;
	u32 fs_magic; /* of the executable's file system */
	/* path, cwd, name as given to execve, argv */
};

struct ev_fork {
	struct ev_hdr h; /* of the parent */
	u32 child, child_exec_id;
	u64 child_start;
};

struct ev_exit {
	struct ev_hdr h;
	s32 code; /* as wait(2) gives it */
	u32 pad;
};

struct ev_net {
	struct ev_hdr h; /* of the process that called connect */
	u16 family, protocol, sport, dport;
	u8 saddr[16], daddr[16];
	s32 error;
	u32 pad;
	u64 began;
};

struct ev_file {
	struct ev_hdr h;
	u64 ino, size;
	s64 mtime;
	u32 mtime_ns, dev;
	u32 mode, mntns;
	struct seg a, b;
	u16 a_name, b_name;
	u32 open_flags;
	/* path a, name a, path b, name b; a name is what the caller wrote */
};

/* One per task from the task iterator. */
struct it_task {
	u32 tgid, exec_id;
	u64 start;
	u32 ppid, pexec_id;
	u64 pstart;
	u32 uid, gid, euid, egid;
	u32 loginuid, session, sid, pgid;
	u64 cgroup, ino, size;
	s64 ctime;
	u32 ctime_ns, dev, mntns, fs_magic;
	char comm[16];
	u32 cgroup_level, pad;
};

struct cpu_state {
	u64 seq[LEVELS];
	u64 nest;
	u64 pad[3];
	u64 attempts[KINDS];
	u64 lost[KINDS];
	u64 notes[NOTES];
};

/* Written by the sensor; it outlives it with the pins, so a restart finds its own words. */
struct config {
	u64 scope_cgroup; /* 0: the whole machine */
	u32 scope_level;
	u32 self_tgid;
	u64 wake_bytes;
	u32 abi;
	u32 all_paths;     /* 1: no first-level filter */
	u64 generation;    /* names this set of sequences */
	u64 programs;      /* hash of the objects that are attached */
	s64 offset;        /* UTC minus boot clock, ns */
	s64 earlier_offset; /* the one before `switched` on the boot clock */
	u64 switched;
	u64 self_tick; /* start of the sensor in ticks of /proc: a reused pid is not it */
	u64 missed; /* by programs that were attached before */
	u64 reserved[5];
};

#define SIZE(t, n) _Static_assert(sizeof(struct t) == n, "size of " #t)
SIZE(ev_hdr, 56);
SIZE(ev_exec, 192);
SIZE(ev_fork, 72);
SIZE(ev_exit, 64);
SIZE(ev_net, 112);
SIZE(ev_file, 112);
SIZE(it_task, 136);
SIZE(cpu_state, 448);
SIZE(config, 128);

#endif
