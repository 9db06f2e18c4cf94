//! Stored functions: which of the tenant's a text may call.

use std::collections::BTreeSet;

use palisade_kql::FunctionDef;
use palisade_kql::stored::names_in;
use palisade_types::TenantId;

use crate::error::ApiError;
use crate::state::Api;

/// Most text of the functions that one query may call, bytes.
const MAX_TEXT: usize = 4 << 20;

/// The tenant's functions whose names stand in a text, and those whose names stand in these.
///
/// # Errors
/// `query_too_complex` when their text is too long together.
pub(crate) async fn named_in(api: &Api, tenant: TenantId, text: &str) -> Result<Vec<FunctionDef>, ApiError> {
    let mut asked = BTreeSet::new();
    let mut found: Vec<FunctionDef> = Vec::new();
    let mut size = 0;
    let mut wanted = names_in(text);
    loop {
        wanted.retain(|name| asked.insert(name.clone()));
        if wanted.is_empty() {
            return Ok(found);
        }
        let names: Vec<String> = wanted.iter().cloned().collect();
        let texts = api.config.state.hunting_function_texts(tenant, &names).await?;
        wanted = BTreeSet::new();
        for f in texts {
            size += f.body.len() + f.parameters.len();
            if size > MAX_TEXT {
                let message = format!("the functions that it names have more than {MAX_TEXT} bytes");
                return Err(ApiError::bad("query_too_complex", message));
            }
            wanted.append(&mut names_in(&f.body));
            wanted.append(&mut names_in(&f.parameters));
            found.push(FunctionDef { name: f.name, parameters: f.parameters, body: f.body });
        }
    }
}
