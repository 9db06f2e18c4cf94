//! A result as a file: encoded here, where the rows are, and sent as it grows.

use anyhow::Result;
use futures::StreamExt;
use palisade_api::ExportFormat;
use palisade_kql_exec::{ExecError, FileEncoder, FileFormat, QueryStream};

use super::views::Out;

/// Bytes in one frame.
const FRAME: usize = 256 << 10;

/// Sends the file of all rows; waits wherever the client does not read on. The inner error is the query's.
pub(super) async fn send(
    stream: &mut QueryStream,
    format: ExportFormat,
    out: &Out,
) -> Result<Result<(), ExecError>> {
    let format = match format {
        ExportFormat::Csv => FileFormat::Csv,
        ExportFormat::Json => FileFormat::Json,
        ExportFormat::Jsonl => FileFormat::Jsonl,
        ExportFormat::Parquet => FileFormat::Parquet,
    };
    let mut encoder = match FileEncoder::new(format, stream.schema()) {
        Ok(encoder) => encoder,
        Err(e) => return Ok(Err(e)),
    };
    while let Some(batch) = stream.next().await {
        let batch = match batch {
            Ok(batch) => batch,
            Err(e) => return Ok(Err(e)),
        };
        for piece in FileEncoder::pieces(&batch) {
            if let Err(e) = encoder.write(&piece) {
                return Ok(Err(e));
            }
            if let Some(bytes) = encoder.take() {
                frames(&bytes, out).await?;
            }
        }
    }
    match encoder.finish() {
        Ok(bytes) => frames(&bytes, out).await.map(Ok),
        Err(e) => Ok(Err(e)),
    }
}

async fn frames(bytes: &[u8], out: &Out) -> Result<()> {
    for part in bytes.chunks(FRAME) {
        super::send(out, b'D', part).await?;
    }
    Ok(())
}
