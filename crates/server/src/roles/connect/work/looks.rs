//! Looks at machines' security products, without a sensor. They change nothing there.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use palisade_connectors::Place;
use palisade_estate::edr::HostFacts;
use palisade_estate::health::Code;
use palisade_state::estate::WantedLook;
use palisade_types::{TenantId, TimeMicros};
use uuid::Uuid;

use super::{Board, Ended, Open, doer_of};
use crate::roles::connect::Connect;

/// Looks at once.
const LOOKS: usize = 10;
/// How long one may take; less than its lease.
const LIMIT: Duration = Duration::from_secs(90);

impl Board {
    /// Takes as many looks as there is room for.
    pub async fn look(&mut self, connect: &Arc<Connect>, tenant: TenantId) {
        let room = LOOKS.saturating_sub(self.looks.len());
        if room == 0 {
            return;
        }
        let most = u32::try_from(room).unwrap_or(1);
        let taken = match connect.state.take_looks(tenant, &connect.worker, most, TimeMicros::now()).await {
            Ok(taken) => taken,
            Err(e) => return tracing::warn!(error = %e, "looks cannot be taken"),
        };
        for look in taken {
            let id = look.machine.id;
            if !self.looks.insert((tenant, id)) {
                continue;
            }
            let (connect, open) = (connect.clone(), self.open.clone());
            self.running.spawn(async move {
                let (machine, connector) = (look.machine.id, look.connector);
                let found = Box::pin(look_at(&connect, &open, tenant, look)).await;
                let outcome = found.as_ref().map_err(|(code, words)| (*code, words.as_str()));
                let now = TimeMicros::now();
                let written = connect.state.finish_look(tenant, machine, &connect.worker, outcome, now).await;
                if let Err(e) = written {
                    // Its lease ends, and it is taken up again.
                    tracing::warn!(%machine, %connector, error = %e, "what a look found cannot be written");
                }
                (tenant, Ended::Look(id))
            });
        }
    }
}

/// Facts, or a stable code and words.
async fn look_at(
    connect: &Connect,
    open: &tokio::sync::Mutex<HashMap<Uuid, Open>>,
    tenant: TenantId,
    look: WantedLook,
) -> Result<HostFacts, (&'static str, String)> {
    let ready = async {
        let place: Place = serde_json::from_value(look.machine.place.clone())
            .context("the machine's place is not known: its connector must list it anew")?;
        anyhow::Ok((place, doer_of(connect, open, tenant, look.connector).await?))
    };
    let (place, (doer, _)) = ready.await.map_err(|e| (Code::ConnectorFailed.as_str(), format!("{e:#}")))?;
    let found = doer.products(&place, LIMIT).await;
    found.map(HostFacts::bounded).map_err(|e| (e.code().as_str(), e.to_string()))
}
