//! A scan over SSH: the script, the executable, and a bounded answer.

use super::login::{broken, no_answer, put};
use super::{Spot, Ssh};
use crate::connector::Artefact;
use crate::error::ConnectorError;
use crate::process::Broken;
use crate::said::{MAX_ANSWER, Said};
use crate::scan::{MAX_INVENTORY, ScanFailed, ScanWork, Scanned, outcome};
use crate::script::{BASIS, Given, dense};
use palisade_estate::agentless::ScanCode;

/// Ends with the answer.
const SCAN: &str = include_str!("../scripts/scan.sh");

impl Ssh {
    /// Scans one machine.
    pub(super) async fn scan_at(&self, spot: &Spot<'_>, work: &ScanWork) -> Result<Scanned, ScanFailed> {
        match tokio::time::timeout(work.limit, self.read_machine(spot, work)).await {
            Ok(Ok((said, inventory))) => outcome(&said, inventory),
            Ok(Err(Trouble::Way(error))) => Err(self.explain(spot, error).await.into()),
            Ok(Err(Trouble::Flood)) => {
                let most = MAX_INVENTORY >> 20;
                Err(ScanFailed::of(ScanCode::TooLarge, format!("It answered more than {most} MiB.")))
            }
            Err(_) => Err(ConnectorError::TimedOut { step: "scan".into(), limit: work.limit }.into()),
        }
    }

    async fn read_machine(&self, spot: &Spot<'_>, work: &ScanWork) -> Result<(Said, Vec<u8>), Trouble> {
        let given = Given::scan(&work.sensor)?;
        let limit = work.limit.as_secs().max(1);
        let script = format!("{}limit={limit}\n{}{}", Given::readers(), dense(BASIS), dense(SCAN));
        let address = spot.address();
        let trouble = |e: Broken| match e {
            Broken::Flood(_) => Trouble::Flood,
            other => Trouble::Way(broken(&address, other)),
        };
        let mut program = self.start(spot, script.len(), MAX_INVENTORY + MAX_ANSWER)?;
        if program.send(script.as_bytes()).await {
            program.send(given.lines().as_bytes()).await;
        }
        let mut said = Said::default();
        let mut inventory = Vec::new();
        let mut offered: Option<&Artefact> = Some(&work.sensor);
        let last = format!("read={}", given.nonce);
        let mut taking = false;
        while !said.ended() {
            let Some(line) = program.line().await.map_err(trouble)? else { break };
            if taking {
                taking = line != last;
                if taking && !line.is_empty() {
                    inventory.extend_from_slice(line.as_bytes());
                    inventory.push(b'\n');
                }
                continue;
            }
            match said.take(&line, &given.nonce) {
                // Once only, whatever the machine says.
                Some(("want", _)) => {
                    if let Some(sensor) = offered.take() {
                        put(&mut program, sensor).await?;
                    }
                }
                Some(("data", word)) => taking = word == given.nonce && inventory.is_empty(),
                _ => {}
            }
        }
        let (status, errors) = program.end().await.map_err(trouble)?;
        if said.ended() {
            return Ok((said, inventory));
        }
        if said.begun() {
            let detail = format!("the connection ended in the middle: {}", super::login::last(&errors));
            return Err(Trouble::Way(ConnectorError::Unreachable { address, detail }));
        }
        Err(Trouble::Way(no_answer(spot, status, &errors)))
    }
}

/// What ends a scan before its answer does.
enum Trouble {
    Way(ConnectorError),
    Flood,
}

impl From<ConnectorError> for Trouble {
    fn from(error: ConnectorError) -> Self {
        Self::Way(error)
    }
}
