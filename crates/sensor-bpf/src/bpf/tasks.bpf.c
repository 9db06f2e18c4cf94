// SPDX-License-Identifier: GPL-2.0 OR Apache-2.0
/* Lists the processes that live already, with the exact start times that events carry. */
#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "events.h"

/* Only the time helpers of paths.h are wanted here. */
static __always_inline void note(u32 which) {}
#define GET(typed, src, ...) BPF_CORE_READ(src, __VA_ARGS__)
#include "paths.h"
#include "tasks.h"

char LICENSE[] SEC("license") = "GPL";

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task, *parent;
	const struct cred *cred;
	struct it_task e = {};
	struct inode *inode;
	struct mm_struct *mm;
	struct stamp t;

	if (!task)
		return 0;
	if (BPF_CORE_READ(task, pid) != BPF_CORE_READ(task, tgid))
		return 0;
	e.tgid = BPF_CORE_READ(task, tgid);
	e.exec_id = (u32)BPF_CORE_READ(task, self_exec_id);
	e.start = BPF_CORE_READ(task, start_boottime);
	parent = BPF_CORE_READ(task, real_parent);
	e.ppid = BPF_CORE_READ(parent, tgid);
	e.pexec_id = (u32)BPF_CORE_READ(parent, self_exec_id);
	e.pstart = BPF_CORE_READ(parent, group_leader, start_boottime);
	cred = BPF_CORE_READ(task, cred);
	e.uid = BPF_CORE_READ(cred, uid.val);
	e.gid = BPF_CORE_READ(cred, gid.val);
	e.euid = BPF_CORE_READ(cred, euid.val);
	e.egid = BPF_CORE_READ(cred, egid.val);
	e.loginuid = task_login_uid(task, 0);
	e.session = task_session(task, 0);
	e.sid = task_group(task, PIDTYPE_SID, 0);
	e.pgid = task_group(task, PIDTYPE_PGID, 0);
	e.cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	e.cgroup_level = BPF_CORE_READ(task, cgroups, dfl_cgrp, level);
	e.mntns = task_mount_ns(task, 0);
	bpf_probe_read_kernel_str(e.comm, sizeof(e.comm),
				  (const char *)task + bpf_core_field_offset(task->comm));
	mm = BPF_CORE_READ(task, mm);
	if (mm) {
		inode = BPF_CORE_READ(mm, exe_file, f_inode);
		e.ino = BPF_CORE_READ(inode, i_ino);
		e.dev = BPF_CORE_READ(inode, i_sb, s_dev);
		e.size = BPF_CORE_READ(inode, i_size);
		e.fs_magic = (u32)BPF_CORE_READ(inode, i_sb, s_magic);
		t = inode_ctime(inode, 0);
		e.ctime = t.sec;
		e.ctime_ns = t.nsec;
	}
	bpf_seq_write(seq, &e, sizeof(e));
	return 0;
}
