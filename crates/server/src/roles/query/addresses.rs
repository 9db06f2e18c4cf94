//! The database of addresses that a query asks, if the feeds hold one.

use std::sync::Arc;

use palisade_feeds::Store;
use palisade_kql_exec::{AddressDatabase, ExecError, MaxmindDatabase};

use crate::instance::Instance;
use crate::query_link::Request;

/// What asks it. Who calls that function names it, in the query or in a stored function.
const FUNCTION: &str = "geo_info_from_ip_address";

/// Maps the database in force; nothing if the query does not ask for it, or there is none.
///
/// # Errors
/// That one is there and cannot be read: no address is told as unknown because of that.
pub fn open(instance: &Instance, request: &Request) -> Result<Option<Arc<dyn AddressDatabase>>, ExecError> {
    let mut texts = request.functions.iter().map(|f| &f.body).chain([&request.query]);
    if !texts.any(|text| text.contains(FUNCTION)) {
        return Ok(None);
    }
    // Where it is on this machine is the operator's to see.
    let failed = |error: &dyn std::fmt::Display| {
        tracing::error!(%error, "the address database cannot be read");
        ExecError::Data("the address database cannot be read".to_owned())
    };
    let path = Store::open(instance.home()).address_database().map_err(|e| failed(&e))?;
    let Some(path) = path else { return Ok(None) };
    let database = MaxmindDatabase::open(&path).map_err(|e| failed(&e))?;
    Ok(Some(Arc::new(database)))
}
