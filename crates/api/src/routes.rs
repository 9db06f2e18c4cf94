//! Every endpoint of the contract.

mod audit_log;
mod devices;
mod enrolment;
mod hunting;
mod instance;
mod orders;
mod process_tree;
mod session;
mod sessions;
mod setup;
mod summary;
mod timeline;
mod tokens;
mod users;

use crate::route::{ApiRouter, endpoints};

/// All of them; a new endpoint is added here and nowhere else.
pub(crate) fn all() -> ApiRouter {
    endpoints!(ApiRouter::default();
        setup::check,
        setup::begin,
        setup::confirm,
        session::sign_in,
        session::show,
        session::sign_out,
        sessions::list,
        sessions::revoke,
        tokens::list,
        tokens::create,
        tokens::delete,
        users::list,
        users::create,
        users::delete,
        devices::list,
        devices::show,
        timeline::show,
        process_tree::show,
        orders::create,
        orders::list,
        orders::show,
        hunting::query,
        hunting::cancel,
        hunting::validate,
        hunting::schema,
        enrolment::list,
        enrolment::create,
        enrolment::delete,
        audit_log::list,
        instance::show,
    )
}
