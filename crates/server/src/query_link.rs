//! Between the api and a query worker: frames over a Unix socket.
//!
//! The client sends one frame, a [`Request`] in JSON. The worker answers with frames of a kind
//! byte and a body: `S` schema, `R` rows, `T` statistics (the last of a good answer), `E` failure
//! (the last of a bad one). A frame is preceded by its length, u32 little-endian. Closing the
//! socket cancels the query.

use std::io;

use palisade_api::{QueryFailure, QueryStats, ResultColumn};
use palisade_types::{DeviceId, TenantId};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Largest frame, bytes.
pub const MAX_FRAME: usize = 64 << 20;

/// What a worker is asked.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// Whose data; the api has checked it.
    pub tenant: TenantId,
    /// Rows of these devices only; of every device when absent.
    pub devices: Option<Vec<DeviceId>>,
    /// The query text.
    pub query: String,
    /// The instant that `now()` means, microseconds UTC.
    pub now_us: i64,
    /// Most rows.
    pub row_cap: u64,
    /// Milliseconds it may take.
    pub deadline_ms: u64,
}

/// What ends a good answer.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Statistics {
    /// What the query cost.
    pub stats: QueryStats,
    /// Whether the row cap cut it.
    pub truncated: bool,
}

/// One frame of an answer.
#[derive(Debug)]
pub enum Frame {
    /// The columns.
    Schema(Vec<ResultColumn>),
    /// Some rows, a JSON array of arrays.
    Rows(Vec<Vec<serde_json::Value>>),
    /// Statistics; ends a good answer.
    Statistics(Statistics),
    /// Ends a bad one.
    Failure(QueryFailure),
}

/// Sends one frame.
pub async fn send<W: AsyncWrite + Unpin>(w: &mut W, kind: u8, body: &[u8]) -> io::Result<()> {
    let length = u32::try_from(body.len() + 1).map_err(|_| io::Error::other("frame too large"))?;
    w.write_all(&length.to_le_bytes()).await?;
    w.write_all(&[kind]).await?;
    w.write_all(body).await?;
    w.flush().await
}

/// Receives one frame: its kind and body. `None` at the end of the stream.
pub async fn receive<R: AsyncRead + Unpin>(r: &mut R) -> io::Result<Option<(u8, Vec<u8>)>> {
    let mut length = [0u8; 4];
    match r.read_exact(&mut length).await {
        Ok(_) => {}
        Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(e) => return Err(e),
    }
    let length = u32::from_le_bytes(length) as usize;
    if length == 0 || length > MAX_FRAME {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "frame length out of bounds"));
    }
    let mut body = vec![0u8; length];
    r.read_exact(&mut body).await?;
    let kind = body.remove(0);
    Ok(Some((kind, body)))
}

/// Reads a frame of an answer.
pub fn read_answer(kind: u8, body: &[u8]) -> io::Result<Frame> {
    Ok(match kind {
        b'S' => Frame::Schema(serde_json::from_slice(body)?),
        b'R' => Frame::Rows(serde_json::from_slice(body)?),
        b'T' => Frame::Statistics(serde_json::from_slice(body)?),
        b'E' => Frame::Failure(serde_json::from_slice(body)?),
        _ => return Err(io::Error::new(io::ErrorKind::InvalidData, "unknown kind of frame")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_round_trip_and_bad_lengths_are_refused() {
        let mut wire = Vec::new();
        send(&mut wire, b'R', b"[[1]]").await.unwrap();
        let (kind, body) = receive(&mut wire.as_slice()).await.unwrap().unwrap();
        let frame = read_answer(kind, &body).unwrap();
        assert!(matches!(frame, Frame::Rows(rows) if rows == [[serde_json::json!(1)]]));
        assert!(read_answer(b'X', &body).is_err() && read_answer(b'R', b"[[1").is_err());
        assert!(receive(&mut [].as_slice()).await.unwrap().is_none());
        assert!(receive(&mut u32::MAX.to_le_bytes().as_slice()).await.is_err());
        assert!(receive(&mut [9, 0, 0, 0, 1].as_slice()).await.is_err());
    }
}
