//! Orders from the server: verified, journalled before they are executed, answered by a receipt.
//!
//! They are executed one after the other, but for those that may take an hour (`remediate`) or minutes (`baseline`):
//! few of these run beside the others, so that a machine can be isolated while its packages are upgraded.

pub mod channel;
mod execute;
pub mod frames;
pub mod journal;

use std::path::Path;
use std::sync::Arc;

use palisade_types::{DeviceId, Lane, TimeMicros};
use palisade_wire::msg::{Fact, Order, OrderReceipt, SignedOrder, fact};
use palisade_wire::{OrderCheck, OrderError, verify};
use parking_lot::Mutex;
use prost::Message;

use crate::agent::Agent;
use crate::error::SensorError;
use journal::{Done, Journal};

/// How an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether what was asked for was done.
    pub ok: bool,
    /// Stable code where it was not.
    pub code: String,
    /// In words.
    pub message: String,
    /// JSON that proves it.
    pub proof: String,
}

impl Outcome {
    fn done(proof: &serde_json::Value) -> Self {
        Self { ok: true, code: String::new(), message: String::new(), proof: proof.to_string() }
    }

    /// One that did not do what was asked for.
    pub(crate) fn failed(code: &str, message: impl Into<String>) -> Self {
        Self { ok: false, code: code.into(), message: message.into(), proof: String::new() }
    }
}

/// Takes orders.
pub struct Orders {
    /// Or why there is none: then nothing is executed, and all else goes on.
    journal: Result<Mutex<Journal>, String>,
}

impl Orders {
    /// Over the journal of a state folder.
    pub fn open(state_dir: &Path) -> Self {
        let journal = Journal::open(state_dir).map(Mutex::new).map_err(|e| e.to_string());
        if let Err(why) = &journal {
            tracing::error!(%why, "orders are refused: their journal cannot be used");
        }
        Self { journal }
    }

    /// Why no order is taken, if so.
    pub fn refusing(&self) -> Option<&str> {
        self.journal.as_ref().err().map(String::as_str)
    }

    /// Takes into account which device this is.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn belong_to(&self, device: DeviceId) -> Result<(), SensorError> {
        self.journal.as_ref().map_or(Ok(()), |j| j.lock().belongs_to(device))
    }

    /// The highest number journalled; 0 without a journal.
    pub fn last_number(&self) -> u64 {
        self.journal.as_ref().map_or(0, |j| j.lock().last_number())
    }

    /// Answers for an order that a killed sensor had begun: it is never executed twice.
    pub fn answer_interrupted(&self, agent: &Agent) {
        let Ok(journal) = &self.journal else { return };
        let (pending, beside) = {
            let journal = journal.lock();
            (journal.pending(), journal.beside())
        };
        // Receipts of those that ran beside come out of order, so that the highest number with a receipt
        // says nothing of them. The server keeps the first receipt, so one too many does no harm.
        let without = |p: &Done| beside.contains(p) || p.number > agent.spool.last_receipt();
        for p in pending.iter().chain(&beside) {
            if without(p) {
                tracing::warn!(order = %p.id, number = p.number, "an order was interrupted by the end of the sensor");
                agent.counters.add("order_interrupted", 1);
                let outcome = Outcome::failed(
                    "interrupted",
                    "the sensor ended while it executed the order; it was not tried again",
                );
                self.receipt(agent, p, &outcome);
            }
            self.close(agent, journal, p);
        }
    }

    /// Judges and, if it is to be obeyed, executes an order.
    pub async fn handle(&self, agent: &Arc<Agent>, signed: &SignedOrder) {
        let received_us = TimeMicros::now().0;
        let (key, device, tenant) = {
            let identity = agent.identity.read();
            let Ok(key) = identity.action_key() else { return };
            (key, identity.device_id, identity.tenant_id.to_string())
        };
        let check = OrderCheck {
            key: &key,
            device,
            tenant: &tenant,
            last_number: self.last_number(),
            now_us: agent.connection.now_us(),
        };
        match verify(signed, &check) {
            Ok(order) => {
                let entry = Done {
                    number: order.number,
                    id: order.id.clone(),
                    kind: order.kind.clone(),
                    received_us,
                };
                match &self.journal {
                    Ok(journal) => self.obey(agent, journal, &order, entry).await,
                    Err(why) => {
                        agent.counters.add("order_not_journalled", 1);
                        self.receipt(agent, &entry, &Outcome::failed("order_journal_unusable", why));
                    }
                }
            }
            Err(e) => self.refuse(agent, signed, &e, received_us),
        }
    }

    async fn obey(&self, agent: &Arc<Agent>, journal: &Mutex<Journal>, order: &Order, entry: Done) {
        let beside = execute::goes_beside(&order.kind);
        // A statement of its own, so that the lock is free again before the order runs.
        let begun = if beside { journal.lock().begin_beside(&entry) } else { journal.lock().begin(&entry) };
        if let Err(e) = begun {
            // Without the journal it might run twice, so it does not run; the server asks again.
            tracing::error!(error = %e, "cannot journal an order");
            agent.counters.add("order_not_journalled", 1);
            return;
        }
        tracing::info!(order = %order.id, number = order.number, kind = %order.kind, "executing an order");
        if !beside {
            let outcome = execute::execute(agent, order).await;
            self.conclude(agent, journal, &entry, &outcome);
            return;
        }
        let (agent, order) = (agent.clone(), order.clone());
        tokio::spawn(async move {
            let mut stop = agent.stop.subscribe();
            let outcome = tokio::select! {
                outcome = execute::execute(&agent, &order) => outcome,
                // The journal still has it, so the next start answers.
                _ = stop.wait_for(|s| s.ends()) => return,
            };
            if let Ok(journal) = &agent.orders.journal {
                agent.orders.conclude(&agent, journal, &entry, &outcome);
            }
        });
    }

    fn conclude(&self, agent: &Agent, journal: &Mutex<Journal>, entry: &Done, outcome: &Outcome) {
        agent.counters.add(if outcome.ok { "order_done" } else { "order_failed" }, 1);
        self.receipt(agent, entry, outcome);
        self.close(agent, journal, entry);
    }

    /// Counts a refused order, and answers where the signature says that it is really for us.
    fn refuse(&self, agent: &Agent, signed: &SignedOrder, e: &OrderError, received_us: i64) {
        agent.counters.add(e.code(), 1);
        let attributable = matches!(e, OrderError::Expired | OrderError::Replayed { .. });
        let order = if attributable { Order::decode(signed.order.clone()).ok() } else { None };
        let Some(order) = order else {
            tracing::warn!(code = e.code(), "refused an order");
            return;
        };
        let entry = Done { number: order.number, id: order.id, kind: order.kind, received_us };
        let Ok(journal) = &self.journal else { return };
        if matches!(e, OrderError::Replayed { .. }) && journal.lock().knows(&entry) {
            // Its receipt is on the way already; another one could contradict it.
            tracing::debug!(order = %entry.id, "an order came again");
            return;
        }
        tracing::warn!(order = %entry.id, number = entry.number, code = e.code(), "refused an order");
        if matches!(e, OrderError::Expired) && journal.lock().begin(&entry).is_err() {
            return;
        }
        self.receipt(agent, &entry, &Outcome::failed(e.code(), e.to_string()));
        if matches!(e, OrderError::Expired) {
            self.close(agent, journal, &entry);
        }
    }

    fn receipt(&self, agent: &Agent, entry: &Done, outcome: &Outcome) {
        let receipt = OrderReceipt {
            order_id: entry.id.clone(),
            number: entry.number,
            ok: outcome.ok,
            code: outcome.code.clone(),
            message: outcome.message.clone(),
            received_us: entry.received_us,
            finished_us: TimeMicros::now().0,
            proof: outcome.proof.clone(),
        };
        let fact = Fact {
            time_us: receipt.finished_us,
            kind: Some(fact::Kind::Receipt(receipt)),
            ..Fact::default()
        };
        agent.spool.append_facts(Lane::Control, vec![fact], Some(entry.number));
        agent.spool.seal(Lane::Control);
    }

    fn close(&self, agent: &Agent, journal: &Mutex<Journal>, entry: &Done) {
        if let Err(e) = journal.lock().finish(entry) {
            // The spool knows the receipt, so a restart does not answer again.
            tracing::warn!(error = %e, "cannot close an order in the journal");
            agent.counters.add("order_journal_errors", 1);
        }
    }
}
