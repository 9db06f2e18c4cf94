//! Every endpoint of the contract.

mod advanced_hunting;
mod agentless;
mod application_blocks;
mod audit_log;
mod baseline_catalogue;
mod baseline_profiles;
mod baseline_results;
mod cases;
mod components;
mod connectors;
mod device_groups;
mod device_vulnerabilities;
mod devices;
mod enrolment;
mod exceptions;
mod explore;
mod exposure;
mod health;
mod host_keys;
mod hunting;
mod hunting_exports;
mod hunting_functions;
mod hunting_history;
mod hunting_links;
mod hunting_schema;
mod hunting_uploads;
mod instance;
mod inventory_items;
mod kusto;
mod kusto_mgmt;
mod kusto_public;
mod machine_verbs;
mod machines;
mod notification_deliveries;
mod notification_rules;
mod onboarding;
mod orders;
mod plans;
mod process_tree;
mod rate_cards;
mod recommendations;
mod remediation_devices;
mod remediation_verbs;
mod remediations;
mod rollouts;
mod saved_queries;
mod scheduled_export_runs;
mod scheduled_exports;
mod search;
mod secure_score;
mod security_products;
mod session;
mod sessions;
mod setup;
mod software;
mod subscriptions;
mod summary;
mod tenant;
mod timeline;
mod tokens;
mod usage;
mod users;
mod vulnerabilities;
mod vulnerability_events;
mod webhooks;

use crate::route::{ApiRouter, endpoints};

// The driver reads what a remediation's request wrote.
pub(crate) use remediations::Run;
// A rule holds rules, so what else it holds is not found by following it.
pub(crate) use device_groups::DeviceCondition;
// What is exported is compiled and held against its maker's devices as what is asked.
pub(crate) use hunting::{Compiled, compiled, within_devices};

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
        sessions::list_of_user,
        sessions::revoke_of_user,
        sessions::revoke_all_of_user,
        tokens::list,
        tokens::create,
        tokens::delete,
        tokens::list_of_user,
        tokens::delete_of_user,
        users::list,
        users::create,
        users::show,
        users::update,
        users::delete,
        users::renew_link,
        users::revoke_link,
        device_groups::list,
        device_groups::create,
        device_groups::preview,
        device_groups::show,
        device_groups::update,
        device_groups::delete,
        devices::list,
        devices::show,
        devices::tag,
        subscriptions::list,
        subscriptions::show,
        subscriptions::create,
        subscriptions::update,
        subscriptions::resume,
        rollouts::show,
        components::fix,
        connectors::list,
        connectors::show,
        connectors::create,
        connectors::update,
        connectors::revoke,
        connectors::test,
        connectors::plan,
        connectors::rollout,
        connectors::pause,
        host_keys::list,
        host_keys::confirm,
        host_keys::forget,
        machines::list,
        machines::show,
        machines::health,
        machines::tasks,
        machine_verbs::update,
        machine_verbs::relocate,
        machine_verbs::fix,
        machine_verbs::offboard,
        machine_verbs::onboard,
        machine_verbs::delete_extension,
        agentless::subscription,
        agentless::switch,
        agentless::show,
        agentless::decide,
        agentless::scan,
        search::search,
        security_products::of_machine,
        security_products::recommendations,
        security_products::machines,
        explore::run,
        explore::csv,
        explore::schema,
        health::findings,
        health::summary,
        health::trend,
        health::catalogue,
        health::thresholds,
        health::set_thresholds,
        plans::switch,
        plans::decide,
        plans::inherit,
        plans::features,
        plans::enforcement,
        plans::set_enforcement,
        rate_cards::list,
        rate_cards::write,
        rate_cards::delete,
        usage::show,
        vulnerabilities::list,
        vulnerabilities::show,
        vulnerabilities::devices,
        software::list,
        software::show,
        software::devices,
        recommendations::list,
        recommendations::show,
        recommendations::devices,
        exposure::score,
        exposure::history,
        exposure::devices,
        exposure::groups,
        exposure::of_device,
        exposure::feeds,
        device_vulnerabilities::software,
        device_vulnerabilities::findings,
        baseline_catalogue::list,
        baseline_profiles::list,
        baseline_profiles::create,
        baseline_profiles::import,
        baseline_profiles::show,
        baseline_profiles::update,
        baseline_profiles::delete,
        baseline_profiles::export,
        baseline_profiles::assign,
        baseline_results::checks,
        baseline_results::check_devices,
        baseline_results::devices,
        baseline_results::history,
        baseline_results::of_device,
        baseline_results::results,
        secure_score::score,
        secure_score::history,
        secure_score::devices,
        secure_score::of_device,
        exceptions::list,
        exceptions::create,
        exceptions::cancel,
        application_blocks::list,
        application_blocks::create,
        application_blocks::get,
        application_blocks::cancel,
        application_blocks::set_mode,
        application_blocks::devices,
        cases::list,
        vulnerability_events::list,
        webhooks::list,
        webhooks::create,
        webhooks::show,
        webhooks::update,
        webhooks::delete,
        webhooks::test,
        notification_rules::list,
        notification_rules::create,
        notification_rules::show,
        notification_rules::update,
        notification_rules::delete,
        notification_rules::test,
        notification_deliveries::list,
        notification_deliveries::show,
        notification_deliveries::retry,
        remediations::list,
        remediations::create,
        remediations::show,
        remediations::update,
        remediation_devices::list,
        remediation_verbs::approve,
        remediation_verbs::pause,
        remediation_verbs::resume,
        remediation_verbs::cancel,
        remediation_verbs::rollback,
        inventory_items::certificates,
        inventory_items::extensions,
        inventory_items::shares,
        inventory_items::hardware,
        timeline::show,
        process_tree::show,
        orders::create,
        orders::list,
        orders::show,
        hunting::query,
        hunting::cancel,
        hunting::validate,
        hunting_schema::schema,
        hunting_functions::list,
        hunting_functions::show,
        hunting_functions::write,
        hunting_functions::delete,
        saved_queries::list,
        saved_queries::create,
        saved_queries::show,
        saved_queries::update,
        saved_queries::delete,
        hunting_history::list,
        hunting_history::forget,
        hunting_links::create,
        hunting_links::show,
        hunting_exports::create,
        hunting_exports::content,
        hunting_uploads::list,
        hunting_uploads::create,
        hunting_uploads::delete,
        scheduled_exports::list,
        scheduled_exports::create,
        scheduled_exports::show,
        scheduled_exports::update,
        scheduled_exports::delete,
        scheduled_export_runs::list,
        scheduled_export_runs::run,
        scheduled_export_runs::content,
        advanced_hunting::defender,
        advanced_hunting::graph,
        kusto_public::metadata,
        kusto_public::ping,
        kusto::query_v1,
        kusto::query_v2,
        kusto_mgmt::run,
        enrolment::list,
        enrolment::create,
        enrolment::delete,
        onboarding::create,
        onboarding::package,
        audit_log::list,
        instance::show,
        tenant::set_region,
    )
}
