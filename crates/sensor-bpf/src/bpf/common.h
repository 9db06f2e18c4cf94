/* SPDX-License-Identifier: GPL-2.0 OR Apache-2.0 */
/* Maps and helpers that all objects share; the loader points the shared maps at one pinned set. */
#ifndef PALISADE_COMMON_H
#define PALISADE_COMMON_H

#include "kernel.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>
#include <bpf/bpf_core_read.h>
#include "events.h"

char LICENSE[] SEC("license") = "GPL";

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_state);
} cpu_states SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct config);
} configs SEC(".maps");

static __always_inline struct config *get_config(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&configs, &zero);
}

/* Names the build that this program belongs to; the loader writes it. */
const volatile u64 own_programs SEC(".rodata.own") = 0;

/*
 * Programs of two builds are attached while a sensor is upgraded; the one that the configuration names
 * takes what begins. What began is ended by whichever sees it first: their state is in shared maps.
 */
static __always_inline bool has_turn(const struct config *c)
{
	return c->programs == own_programs;
}

static __always_inline void note(u32 which)
{
	u32 zero = 0;
	struct cpu_state *st = bpf_map_lookup_elem(&cpu_states, &zero);

	if (st && which < NOTES)
		__sync_fetch_and_add(&st->notes[which], 1);
}

static __always_inline bool in_scope(const struct config *c)
{
	if (!c->scope_cgroup)
		return 1;
	return bpf_get_current_ancestor_cgroup_id(c->scope_level) == c->scope_cgroup;
}

/*
 * Reads through pointers: with plain loads where the verifier knows the type of `src` (BTF
 * tracepoints), which costs a tenth of a helper's call, else with the helper.
 */
#define GET(typed, src, ...) \
	((typed) ? ___arrow(src, __VA_ARGS__) : BPF_CORE_READ(src, __VA_ARGS__))

static __always_inline void fill_header(struct ev_hdr *h, struct task_struct *task, bool typed)
{
	u64 id = bpf_get_current_pid_tgid();

	h->flags = 0;
	h->abi = EVENT_ABI;
	h->tid = (u32)id;
	h->tgid = id >> 32;
	h->ktime = bpf_ktime_get_boot_ns();
	h->start = GET(typed, task, group_leader, start_boottime);
	h->exec_id = (u32)GET(typed, task, self_exec_id);
	h->uid = (u32)bpf_get_current_uid_gid();
	h->cgroup = bpf_get_current_cgroup_id();
}

/*
 * Numbers a record and puts it into the ring. A soft interrupt may run a program between
 * the numbering and the output of another one on the same CPU. Interrupts nest, so each
 * depth has its own sequence, and within one sequence the ring's order is the number's.
 */
static __always_inline void emit_part(struct ev_hdr *h, u16 kind, u64 len, u64 most)
{
	u32 zero = 0;
	struct cpu_state *st = bpf_map_lookup_elem(&cpu_states, &zero);
	struct config *c = get_config();
	u64 level, wake = BPF_RB_NO_WAKEUP;

	if (!st || !c)
		return;
	level = *(volatile u64 *)&st->nest;
	if (level >= LEVELS)
		level = LEVELS - 1;
	*(volatile u64 *)&st->nest = level + 1;
	h->kind = kind;
	h->cpu = (u16)bpf_get_smp_processor_id();
	h->level = (u8)level;
	h->seq = *(volatile u64 *)&st->seq[level & (LEVELS - 1)] + 1;
	*(volatile u64 *)&st->seq[level & (LEVELS - 1)] = h->seq;
	__sync_fetch_and_add(&st->attempts[kind & (KINDS - 1)], 1);
	/* A wake-up costs more than a record, so that even in a storm only some give one. */
	if (!(h->seq & (WAKE_EVERY - 1)) &&
	    bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA) > c->wake_bytes)
		wake = BPF_RB_FORCE_WAKEUP;
	if (!__builtin_constant_p(len)) {
		/* Right before its use, since older verifiers forget it else. */
		barrier_var(len);
		if (len > most)
			len = most;
	}
	if (bpf_ringbuf_output(&events, h, len, wake))
		__sync_fetch_and_add(&st->lost[kind & (KINDS - 1)], 1);
	*(volatile u64 *)&st->nest = level;
}

static __always_inline void emit(struct ev_hdr *h, u16 kind, u64 len)
{
	emit_part(h, kind, len, len);
}

#endif
