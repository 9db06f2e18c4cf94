//! Rows of queries as files: tickets for a download, exports by the clock and what each run gave.

mod clock;
mod runs;
mod schedules;
mod tickets;

pub use clock::ExportClock;
pub use runs::{ExportOutcome, ExportRun};
pub use schedules::{ExportOwner, MOST_KEPT, NewScheduledExport, ScheduledExport, owner_of};
pub use tickets::{ExportTicket, NewExportTicket, TICKET_LIFE};

use crate::{Principal, PrincipalKind};

/// Whose something is: a user's, whatever they came by; a token's, where it is the instance's own.
fn owner_key(principal: &Principal) -> String {
    match (principal.user, principal.kind) {
        (Some(user), _) => format!("user:{}", user.0),
        (None, PrincipalKind::Token { id } | PrincipalKind::Session { id }) => format!("token:{id}"),
    }
}
