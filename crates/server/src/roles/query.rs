//! `palisade role query`: accepts one connection, answers one query, ends.

mod addresses;
mod export;
mod files;
mod spill;
mod views;

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use async_trait::async_trait;
use datafusion::catalog::TableProvider;
use futures::StreamExt;
use palisade_api::{QueryFailure, QueryStats, ResultColumn};
use palisade_kql::{Diagnostic, SchemaCatalogue, WithFunctions};
use palisade_kql_exec::{
    ExecError, LocalExecutor, QueryContext, QueryExecutor, QueryStream, TableSource, json_rows,
};
use palisade_lake::{LakeError, Pin, PinnedCatalogue};
use tokio::io::AsyncRead;
use tokio::net::UnixStream;

use crate::instance::Instance;
use crate::query_link::{self, Request, Statistics};
use crate::supervisor;
use views::{Link, Out};

/// What DataFusion's operators may reserve, bytes; the address space is limited beyond.
const MEMORY: usize = 1 << 30;

/// Beyond its deadline, the answer may take this long to be sent.
const GRACE: Duration = Duration::from_secs(5);

/// Rows in one frame of the answer.
const FRAME_ROWS: usize = 2000;

/// Waits for its connection, serves it, returns.
pub fn run(instance: &Instance) -> Result<()> {
    // Accepting blocks the whole process on purpose: a warm worker costs nothing while it waits.
    let listener = supervisor::inherited_listener();
    listener.set_nonblocking(false)?;
    // The query computes on threads of its own; these keep the deadline and the connection.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .max_blocking_threads(2)
        .enable_all()
        .build()?;
    let (stream, _) = listener.accept().context("accepting a query")?;
    drop(listener);
    stream.set_nonblocking(true)?;
    runtime.block_on(async { serve(instance, UnixStream::from_std(stream)?).await })?;
    // Threads that still compute what nobody wants any more end with the process.
    runtime.shutdown_background();
    Ok(())
}

async fn serve(instance: &Instance, mut stream: UnixStream) -> Result<()> {
    let Some((_, body)) = query_link::receive(&mut stream).await? else { return Ok(()) };
    let request: Request = serde_json::from_slice(&body).context("the request is malformed")?;
    watch(Duration::from_millis(request.deadline_ms));
    let (read, write) = stream.into_split();
    let out = Arc::new(Out::new(write));
    let link = request.views.then(|| Link::new(Arc::clone(&out)));
    tokio::select! {
        answered = answer(instance, &request, &out, link.as_ref()) => {
            if let Err(failure) = answered? {
                send(&out, b'E', &serde_json::to_vec(&failure)?).await?;
            }
        }
        () = listen(read, link.as_deref()) => tracing::info!("a query was cancelled"),
    }
    Ok(())
}

/// Hands on what the client says to scans. What ends here is its interest: it sends nothing else.
async fn listen(mut read: impl AsyncRead + Unpin, link: Option<&Link>) {
    while let Ok(Some((kind, body))) = query_link::receive(&mut read).await {
        let Some(link) = link else { return };
        if let Err(error) = link.deliver(kind, &body) {
            tracing::error!(%error, "the client's words cannot be read");
            return;
        }
    }
}

async fn send(out: &Out, kind: u8, body: &[u8]) -> std::io::Result<()> {
    query_link::send(&mut *out.lock().await, kind, body).await
}

/// Ends this process when even the answer that the deadline passed does not get out.
fn watch(deadline: Duration) {
    std::thread::spawn(move || {
        std::thread::sleep(deadline + GRACE);
        std::process::exit(3);
    });
}

/// Sends schema, rows and statistics; the inner error is the user's to see.
async fn answer(
    instance: &Instance,
    request: &Request,
    out: &Out,
    link: Option<&Arc<Link>>,
) -> Result<Result<(), QueryFailure>> {
    let compiled = {
        let tables = WithFunctions::new(&SchemaCatalogue, &request.functions);
        palisade_kql::compile(&request.query, &tables, request.now_us)
    };
    let program = match compiled {
        Ok(program) => program,
        Err(diagnostics) => return Ok(Err(rejected(&diagnostics))),
    };
    let pin = Pin::load(&instance.hot_dir(), &instance.lake_dir(), request.tenant)?;
    let catalogue = PinnedCatalogue::new(pin);
    let catalogue = Arc::new(match &request.devices {
        Some(devices) => catalogue.limited_to(devices),
        None => catalogue,
    });
    let spill = spill::Spill::open(&instance.spill_dir());
    let executor = LocalExecutor::new(Arc::new(Source { catalogue, link: link.cloned() }))
        .with_external(Arc::new(files::Files(link.cloned())));
    let executor = match &spill {
        Some(spill) => executor.with_spill(spill.folder.clone(), spill.bytes),
        None => executor,
    };
    let addresses = match addresses::open(instance, request) {
        Ok(addresses) => addresses,
        Err(e) => return Ok(Err(failed(&e))),
    };
    let context = QueryContext {
        addresses,
        deadline: Duration::from_millis(request.deadline_ms),
        row_cap: usize::try_from(request.row_cap).unwrap_or(usize::MAX),
        memory_limit: MEMORY,
        ..QueryContext::default()
    };
    let mut stream = match executor.execute(program, context).await {
        Ok(stream) => stream,
        Err(e) => return Ok(Err(failed(&e))),
    };
    let schema: Vec<ResultColumn> = stream
        .schema()
        .columns
        .iter()
        .map(|c| ResultColumn { name: c.name.clone(), kind: c.ty.to_string() })
        .collect();
    send(out, b'S', &serde_json::to_vec(&schema)?).await?;
    if let Some(format) = request.export {
        if let Err(e) = export::send(&mut stream, format, out).await? {
            return Ok(Err(failed(&e)));
        }
        return end(&stream, out).await.map(Ok);
    }
    while let Some(batch) = stream.next().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(e) => return Ok(Err(failed(&e))),
        };
        let rows = json_rows(&batch, stream.schema());
        for rows in rows.chunks(FRAME_ROWS) {
            send(out, b'R', &serde_json::to_vec(rows)?).await?;
        }
    }
    end(&stream, out).await.map(Ok)
}

/// Says that all is sent, and what it cost.
async fn end(stream: &QueryStream, out: &Out) -> Result<()> {
    let stats = stream.stats();
    let end = Statistics {
        stats: QueryStats {
            rows_scanned: stats.rows_scanned,
            rows_returned: stats.rows_returned,
            cpu_ms: cpu_ms(),
            wall_ms: stats.wall_us as f64 / 1e3,
            peak_memory_bytes: stats.peak_memory,
        },
        truncated: stats.truncated,
    };
    send(out, b'T', &serde_json::to_vec(&end)?).await?;
    Ok(())
}

/// The pinned tables and the client's views as the executor asks for them.
struct Source {
    catalogue: Arc<PinnedCatalogue>,
    link: Option<Arc<Link>>,
}

#[async_trait]
impl TableSource for Source {
    async fn table(&self, name: &str) -> Result<Arc<dyn TableProvider>, ExecError> {
        if let Some(link) = &self.link
            && let Some(view) = link.table(name).map_err(|e| ExecError::Data(e.to_string()))?
        {
            return Ok(view);
        }
        match self.catalogue.table(name).await {
            Ok(table) => Ok(table),
            // A view whose client has none to give.
            Err(LakeError::UnknownTable(table)) => Err(ExecError::TableMissing(table)),
            Err(LakeError::OfNoDevice(table)) => Err(ExecError::OutOfScope(table)),
            Err(e) => Err(ExecError::Data(format!("{}: {e}", e.code()))),
        }
    }
}

/// The first error of the compiler, which is where the writer should look first.
fn rejected(diagnostics: &[Diagnostic]) -> QueryFailure {
    let error =
        diagnostics.iter().find(|d| d.severity == palisade_kql::Severity::Error).or(diagnostics.first());
    let Some(d) = error else {
        return QueryFailure {
            code: "query_rejected".into(),
            message: "the query was rejected".into(),
            ..Default::default()
        };
    };
    QueryFailure {
        code: d.code.to_string(),
        message: d.message.clone(),
        line: d.line,
        column: d.column,
        length: d.length,
        suggestion: d.suggestion.clone(),
    }
}

fn failed(e: &ExecError) -> QueryFailure {
    QueryFailure { code: e.code().into(), message: e.to_string(), ..QueryFailure::default() }
}

/// CPU time of this process so far, which is this query's.
fn cpu_ms() -> f64 {
    let Ok(usage) = nix::sys::resource::getrusage(nix::sys::resource::UsageWho::RUSAGE_SELF) else {
        return 0.0;
    };
    let ms = |t: nix::sys::time::TimeVal| t.tv_sec() as f64 * 1e3 + t.tv_usec() as f64 / 1e3;
    ms(usage.user_time()) + ms(usage.system_time())
}
