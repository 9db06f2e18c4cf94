//! The explorer's graph, from a snapshot that all scans of a query share.

use std::sync::Arc;

use async_trait::async_trait;
use palisade_explore::{EDGE_COLUMNS, ExposureScan, NODE_COLUMNS, TextRows};

use super::{CallersViews, failure, unreadable};
use crate::query::{QueryFailure, ViewRows, ViewScan};

struct GraphRows(Option<ExposureScan>);

pub(super) async fn open(views: &CallersViews, scan: &ViewScan) -> Result<Box<dyn ViewRows>, QueryFailure> {
    let exposure = views
        .graph
        .get_or_try_init(|| async {
            let snapshot = views.explorer.snapshot(&views.state, views.tenant).await;
            let snapshot = snapshot.map_err(|e| unreadable(&e))?;
            let access = views.access.clone();
            let seen = computed(move || snapshot.exposure(&access)).await?;
            seen.map(Arc::new).map_err(|e| failure("query_limit", e.to_string()))
        })
        .await?;
    let nodes = scan.table == "ExposureGraphNodes";
    let names: &[&str] = if nodes { &NODE_COLUMNS } else { &EDGE_COLUMNS };
    // What this version does not know is beyond the end, and empty.
    let place = |c: &String| names.iter().position(|n| n == c).unwrap_or(names.len());
    let columns: Vec<usize> = scan.columns.iter().map(place).collect();
    let rows =
        if nodes { exposure.nodes(&columns, &scan.only) } else { exposure.edges(&columns, &scan.only) };
    Ok(Box::new(GraphRows(Some(rows))))
}

/// It computes for a while: not on a thread that serves others.
async fn computed<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, QueryFailure> {
    tokio::task::spawn_blocking(work).await.map_err(|e| failure("internal", e.to_string()))
}

#[async_trait]
impl ViewRows for GraphRows {
    async fn batch(&mut self) -> Result<Option<TextRows>, QueryFailure> {
        let Some(mut scan) = self.0.take() else { return Ok(None) };
        let (scan, rows) = computed(move || {
            let rows = scan.batch();
            (scan, rows)
        })
        .await?;
        self.0 = rows.is_some().then_some(scan);
        Ok(rows)
    }
}
