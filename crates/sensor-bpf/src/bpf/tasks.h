/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* What process.bpf.c and tasks.bpf.c both read from a task. */
#ifndef PALISADE_TASKS_H
#define PALISADE_TASKS_H

#define PIDTYPE_PGID 2
#define PIDTYPE_SID 3

static __always_inline u32 task_group(struct task_struct *task, int type, bool typed)
{
	struct pid *pid = GET(typed, task, signal, pids[type]);

	return pid ? GET(typed, pid, numbers[0].nr) : 0;
}

static __always_inline u32 task_mount_ns(struct task_struct *task, bool typed)
{
	return GET(typed, task, nsproxy, mnt_ns, ns.inum);
}

static __always_inline u32 task_login_uid(struct task_struct *task, bool typed)
{
	struct task_struct___audit *t = (void *)task;

	if (bpf_core_field_exists(t->loginuid))
		return GET(typed, t, loginuid.val);
	return (u32)-1;
}

static __always_inline u32 task_session(struct task_struct *task, bool typed)
{
	struct task_struct___audit *t = (void *)task;

	if (bpf_core_field_exists(t->sessionid))
		return GET(typed, t, sessionid);
	return (u32)-1;
}

#endif
