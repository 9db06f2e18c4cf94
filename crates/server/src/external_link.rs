//! Between the api and the connect process: files of hosts outside, over a Unix socket that the api alone may connect to.
//!
//! A connection is one file. The api sends one frame, `Q` with an [`Ask`] in JSON. The connect process answers with bytes
//! (`D`), with the end (`Z`), or with why there is none or no more (`E`, a failure as queries have it). Frames are those
//! of the [`query_link`](crate::query_link). Who does not read on holds the fetch up, and who closes the connection ends it.

use serde::{Deserialize, Serialize};

/// Largest frame that the api sends, bytes: an address of the most bytes, each of them escaped, and some around it.
pub const MAX_ASK: usize = 64 << 10;

/// Largest frame that the connect process sends, bytes.
pub const MAX_PART: usize = 2 << 20;

/// The file that is wanted.
#[derive(Clone, Serialize, Deserialize)]
pub struct Ask {
    /// Its address as the query has it.
    pub address: String,
    /// Most bytes that it may have.
    pub max_bytes: u64,
}
