//! What people keep of their hunting: functions, saved queries, what they ran, links to a text.

mod functions;
mod history;
mod links;
mod saved;

use uuid::Uuid;

use crate::{Principal, PrincipalKind, Result, StateError, row};

pub use functions::{Function, FunctionColumn, FunctionText, NewFunction};
pub use history::{HistoryEntry, Ran, RunState};
pub use links::Link;
pub use saved::{NewSavedQuery, SavedQuery};

/// Longest text of a query, bytes, as the compiler has it.
const MAX_QUERY: usize = 256 * 1024;
/// Longest folder, characters.
const MAX_FOLDER: usize = 200;
/// Longest description, characters.
const MAX_DESCRIPTION: usize = 2_000;

/// Whose something is: a user, or a token that belongs to none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The user's identifier; for a token of the instance itself the token's.
    pub id: Uuid,
    /// A name that people read.
    pub name: String,
}

impl From<&Principal> for Person {
    fn from(principal: &Principal) -> Self {
        let id = match (principal.user, principal.kind) {
            (Some(user), _) => user.0,
            (None, PrincipalKind::Session { id } | PrincipalKind::Token { id }) => id,
        };
        let name = if principal.email.is_empty() { &principal.name } else { &principal.email };
        Self { id, name: name.clone() }
    }
}

/// A folder as it is stored: parts with one slash between them.
fn folder(value: &str) -> Result<String> {
    let parts: Vec<&str> = value.split('/').map(str::trim).filter(|part| !part.is_empty()).collect();
    let whole = parts.join("/");
    if whole.chars().count() > MAX_FOLDER || whole.chars().any(char::is_control) {
        let message = format!("a folder has at most {MAX_FOLDER} characters and no control characters");
        return Err(StateError::InvalidArgument(message));
    }
    Ok(whole)
}

fn description(value: &str) -> Result<String> {
    if value.chars().count() > MAX_DESCRIPTION {
        let message = format!("a description has at most {MAX_DESCRIPTION} characters");
        return Err(StateError::InvalidArgument(message));
    }
    Ok(row::text(value.trim(), MAX_DESCRIPTION))
}

/// A text that is kept as it is.
fn verbatim(what: &str, value: &str, most: usize) -> Result<String> {
    if value.len() > most || value.contains('\0') {
        let message = format!("the {what} has at most {most} bytes and no NUL");
        return Err(StateError::InvalidArgument(message));
    }
    Ok(value.to_owned())
}

fn query(value: &str) -> Result<String> {
    if value.trim().is_empty() {
        return Err(StateError::InvalidArgument("the query is empty".into()));
    }
    verbatim("query", value, MAX_QUERY)
}

fn already_exists(what: &str, name: &str) -> StateError {
    StateError::Rule { code: "already_exists", message: format!("there is a {what} '{name}' already") }
}

fn revision_conflict(newest: i64) -> StateError {
    let message = format!("it was changed in the meantime: the newest revision is {newest}");
    StateError::Rule { code: "revision_conflict", message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_have_one_spelling() {
        assert_eq!(folder(" /a // b /").expect("good"), "a/b");
        assert_eq!(folder("").expect("good"), "");
        assert!(folder("a\nb").is_err() && folder(&"x".repeat(201)).is_err());
        assert!(query(" \n").is_err() && query("a\0").is_err() && query("a ").is_ok());
    }
}
