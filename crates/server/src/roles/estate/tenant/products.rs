//! What a machine's security products come to, and asking for a look at machines that nobody looked at.

use anyhow::Result;
use palisade_estate::edr::{self, Assessment, Own, Reason, Subject};
use palisade_estate::plan::effective;
use palisade_estate::{HOUR, MINUTE};
use palisade_state::State;
use palisade_state::estate::{Assessed, KnownProducts};
use palisade_types::{MachineId, TimeMicros};

use super::entry::Entry;
use super::{OVERLAP, TenantEstate};

/// Most machines that one step judges; the rest comes with the next.
const MOST: usize = 500;
/// A machine is judged again after this, though nothing changed: facts and trials grow old by themselves.
const AGAIN: i64 = HOUR;
/// A machine that is new gets a preflight, which finds the same; a look waits for that.
const SETTLE: i64 = 10 * MINUTE;
/// Facts older than this are asked for anew. A sensor tells its own more often.
const FRESH: i64 = 12 * HOUR;
/// A connector that tried is not asked again before this.
const TRY_AGAIN: i64 = 6 * HOUR;

impl TenantEstate {
    /// Judges the machines that are due by the recommendations, and writes what came of it.
    pub(super) async fn judge_products(&mut self, state: &State, now: TimeMicros) -> Result<()> {
        self.follow_products(state).await?;
        let due = self.entries.iter().filter(|(_, e)| e.products_due <= now);
        let due: Vec<MachineId> = due.map(|(id, _)| *id).take(MOST).collect();
        if due.is_empty() {
            return Ok(());
        }
        let known = state.known_products(self.tenant, &due).await?;
        let mut found = Vec::new();
        let mut wanted = Vec::new();
        for id in due {
            let nothing = KnownProducts::default();
            let known = known.get(&id).unwrap_or(&nothing);
            let Some(assessments) = self.assess(id, known, now) else { continue };
            let doing = self.is_busy(id);
            let Some(entry) = self.entries.get_mut(&id) else { continue };
            if !doing && wants_look(entry, assessments[0].reason, known, now) {
                wanted.push(id);
            }
            entry.products_due = next(entry, now);
            let facts = known.facts.as_ref().map(|(_, at, by)| (*at, *by));
            found.push(Assessed { machine: id, assessments, facts });
        }
        state.write_assessed(self.tenant, &found, now).await?;
        state.want_products(self.tenant, &wanted, now).await?;
        Ok(())
    }

    /// Something of a machine has changed that a recommendation may depend on.
    pub(super) fn rejudge_products(&mut self, id: MachineId) {
        if let Some(entry) = self.entries.get_mut(&id) {
            entry.products_due = TimeMicros(i64::MIN);
        }
    }

    /// What sensors and connectors newly told has to be judged.
    async fn follow_products(&mut self, state: &State) -> Result<()> {
        loop {
            let since = TimeMicros(self.products_until.0.saturating_sub(OVERLAP).max(-1));
            let rows = state.products_touched_since(self.tenant, since).await?;
            let newest = rows.last().map(|(_, at)| *at);
            let full = rows.len() >= 5000;
            for (id, at) in rows {
                if let Some(entry) = self.entries.get_mut(&id)
                    && entry.products_touched < at
                {
                    entry.products_touched = at;
                    entry.products_due = TimeMicros(i64::MIN);
                }
            }
            let Some(newest) = newest.filter(|at| *at > self.products_until) else { return Ok(()) };
            self.products_until = newest;
            if !full {
                return Ok(());
            }
        }
    }

    fn assess(&self, id: MachineId, known: &KnownProducts, now: TimeMicros) -> Option<[Assessment; 2]> {
        let entry = self.entries.get(&id)?;
        let subscription = self.subscriptions.get(&entry.machine.subscription)?;
        let findings = entry.tracker.findings(id);
        Some(edr::recommend(&Subject {
            now,
            os: &entry.os,
            power: entry.machine.power,
            facts: known.facts.as_ref().map(|(facts, at, _)| (facts, *at)),
            own: Own { enrolled: entry.known_device.is_some(), findings: &findings },
            plan: effective(&subscription.plans, entry.machine.plan_override, now),
            enforcement: self.enforcement,
            desired: &entry.desired,
            runs_commands: entry.runs_commands,
        }))
    }

    fn is_busy(&self, id: MachineId) -> bool {
        let at = self.entries.get(&id).map(|e| e.machine.subscription);
        let machine = at.and_then(|at| self.fleets.get(&at)).and_then(|f| f.machine(id));
        machine.is_some_and(|m| m.doing().is_some())
    }
}

/// Whether a connector shall look: it can, somebody would read it, and what is known is old.
fn wants_look(entry: &Entry, reason: Reason, known: &KnownProducts, now: TimeMicros) -> bool {
    let m = &entry.machine;
    let age = |at: TimeMicros| now.0.saturating_sub(at.0);
    entry.runs_commands
        && m.retired_at.is_none()
        && entry.desired.offboarded.is_none()
        && !matches!(reason, Reason::NeedsPlan | Reason::NotSupported | Reason::MachineOff)
        && age(m.first_seen) >= SETTLE
        && known.wanted_at.is_none()
        && known.facts.as_ref().is_none_or(|(_, at, _)| age(*at) >= FRESH)
        && known.tried_at.is_none_or(|at| age(at) >= TRY_AGAIN)
}

/// When a machine is judged next, unless something changes.
fn next(entry: &Entry, now: TimeMicros) -> TimeMicros {
    // What its cloud deleted does not change any more.
    if entry.machine.retired_at.is_some() {
        return TimeMicros(i64::MAX);
    }
    let settled = entry.machine.first_seen.plus_micros(SETTLE);
    let again = now.plus_micros(AGAIN);
    if settled > now { settled.min(again) } else { again }
}

#[cfg(test)]
mod tests {
    use super::*;
    use palisade_estate::edr::HostFacts;
    use palisade_estate::machine::PowerState;
    use palisade_state::estate::{FactsBy, Machine};
    use palisade_types::SubscriptionId;

    const NOW: TimeMicros = TimeMicros(1_795_000_000_000_000);

    fn entry() -> Entry {
        let hours_ago = NOW.plus_micros(-2 * HOUR);
        let mut entry = Entry::new(Machine {
            id: MachineId::random(),
            subscription: SubscriptionId::random(),
            resource_group: None,
            connector: Some(uuid::Uuid::new_v4()),
            name: "web-1".into(),
            cloud_id: String::new(),
            hardware_id: String::new(),
            place: serde_json::json!({}),
            os: Default::default(),
            image: String::new(),
            addresses: Vec::new(),
            tags: Default::default(),
            owner: String::new(),
            power: PowerState::Running,
            power_since: hours_ago,
            plan_override: Default::default(),
            exclusion: None,
            offboarded_at: None,
            retired_at: None,
            device: None,
            first_seen: hours_ago,
            last_listed: None,
            changed_at: hours_ago,
        });
        entry.runs_commands = true;
        entry
    }

    fn known(hours: i64) -> KnownProducts {
        let facts = (HostFacts::default(), NOW.plus_micros(-hours * HOUR), FactsBy::Connector);
        KnownProducts { facts: Some(facts), ..KnownProducts::default() }
    }

    #[test]
    fn a_connector_looks_where_nobody_did_for_long_and_somebody_would_read_it() {
        let nothing = KnownProducts::default();
        let wants = |e: &Entry, reason, known: &KnownProducts| wants_look(e, reason, known, NOW);
        assert!(wants(&entry(), Reason::NoFacts, &nothing));
        assert!(wants(&entry(), Reason::EdrFound, &known(13)));
        assert!(!wants(&entry(), Reason::EdrFound, &known(11)), "known well enough");
        let tried = KnownProducts { tried_at: Some(NOW.plus_micros(-HOUR)), ..known(80) };
        assert!(!wants(&entry(), Reason::FactsOld, &tried), "it failed an hour ago");
        let asked = KnownProducts { wanted_at: Some(NOW), ..KnownProducts::default() };
        assert!(!wants(&entry(), Reason::NoFacts, &asked));
        for reason in [Reason::NeedsPlan, Reason::NotSupported, Reason::MachineOff] {
            assert!(!wants(&entry(), reason, &nothing), "{reason:?}");
        }
        let mut other = entry();
        other.runs_commands = false;
        assert!(!wants(&other, Reason::NoFacts, &nothing));
        let mut other = entry();
        other.machine.first_seen = NOW.plus_micros(-MINUTE);
        assert!(!wants(&other, Reason::NoFacts, &nothing), "its preflight will tell");
        assert_eq!(next(&other, NOW), NOW.plus_micros(9 * MINUTE));
        let mut other = entry();
        other.desired.offboarded = Some(NOW);
        assert!(!wants(&other, Reason::NoFacts, &nothing), "out of service");
        let mut other = entry();
        other.machine.retired_at = Some(NOW);
        assert!(!wants(&other, Reason::NoFacts, &nothing));
        assert_eq!(next(&other, NOW), TimeMicros(i64::MAX));
    }
}
