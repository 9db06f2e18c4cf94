//! Permissions and audit kinds as types: the first argument of every handler says who may call it
//! and what entry it leaves.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use palisade_estate::plan::Feature;
use palisade_state::{DeviceScope, Principal, Role};
use palisade_types::{TenantId, TimeMicros};

use crate::credentials;
use crate::error::ApiError;
use crate::licence::Licence;
use crate::scope::Scope;
use crate::state::Api;

/// Devices that have changed and are held against the groups' rules before a call is answered; the
/// estate process sees to those beyond.
const REGROUPED: u32 = 500;

/// Something that a signed-in caller may be allowed to do.
pub(crate) trait Permission: Send + Sync + 'static {
    /// Its name in the contract.
    const NAME: &'static str;
    /// The least role that has it.
    const LEAST: Role;
    /// What a call with it tells or changes of devices.
    const DEVICES: Reach;
}

/// What a call tells or changes of devices, and so what it is to somebody who is limited to groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Nothing: it is open to them.
    Nothing,
    /// Those of the caller's scope: it is open to them, and its handler has to take
    /// [`Authorized::devices`], or else its answer is thrown away.
    Scope,
    /// All of the tenant: it is closed to them.
    All,
}

impl Reach {
    /// As the contract names it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "none",
            Self::Scope => "scope",
            Self::All => "all",
        }
    }
}

/// A permission as the contract and tokens name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Named {
    /// Its name.
    pub name: &'static str,
    /// The least role that has it.
    pub least: Role,
    /// Whether somebody who is limited to groups can have it.
    pub limitable: bool,
}

impl Named {
    /// A permission.
    pub(crate) fn of<P: Permission>() -> Self {
        Self { name: P::NAME, least: P::LEAST, limitable: P::DEVICES != Reach::All }
    }

    /// Whether a token with these words has it: its own name, or the word of a role up to which every
    /// permission is meant. The account behind a token is only in `administer`, so that a token
    /// which reads does not end its maker's sessions.
    pub(crate) fn granted_by<S: AsRef<str>>(self, words: &[S]) -> bool {
        self.name == SignedIn::NAME
            || words.iter().any(|word| match word.as_ref() {
                "administer" => true,
                "operate" => self.least <= Role::Operator && self.name != AccountManage::NAME,
                "read" => self.least <= Role::Reader && self.name != AccountManage::NAME,
                own => own == self.name,
            })
    }

    /// Whether the caller has it.
    pub(crate) fn held_by(self, principal: &Principal) -> bool {
        principal.role >= self.least
            && principal.permissions.as_ref().is_none_or(|words| self.granted_by(words))
            && (self.limitable || !principal.devices.is_limited())
    }
}

/// What a call writes into the audit log.
pub(crate) trait AuditKind: Send + Sync + 'static {
    /// The entry's kind; none leaves no entry.
    const KIND: Option<&'static str>;
    /// Whether the call is carried to its end when the client goes away in the middle. A change is,
    /// so that it never happens without its entry; a query is not, so that it stops.
    const CARRIED: bool = true;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $least:ident, $reach:ident;)*) => {
        $(
            $(#[$doc])*
            pub(crate) struct $name;
            impl Permission for $name {
                const NAME: &'static str = $text;
                const LEAST: Role = Role::$least;
                const DEVICES: Reach = Reach::$reach;
            }
        )*

        /// Every permission.
        pub(crate) const PERMISSIONS: &[Named] = &[$(Named {
            name: $text,
            least: Role::$least,
            limitable: !matches!(Reach::$reach, Reach::All),
        }),*];
    };
}

permissions! {
    /// Anybody with a session or token of the tenant.
    SignedIn = "signed-in", Reader, Nothing;
    /// Manages the caller's own sessions and tokens.
    AccountManage = "account.manage", Reader, Nothing;
    /// Reads devices and their orders.
    DevicesRead = "devices.read", Reader, Scope;
    /// Writes tags on devices.
    DevicesTag = "devices.tag", Operator, Scope;
    /// Reads machines, their health and what was done on them.
    MachinesRead = "machines.read", Reader, Scope;
    /// Has machines fixed, tags and excludes them, removes their extension.
    MachinesOperate = "machines.operate", Operator, Scope;
    /// Takes machines out of service and back, moves them, changes their plan.
    MachinesManage = "machines.manage", Administrator, All;
    /// Reads subscriptions, connectors and settings of the estate.
    EstateRead = "estate.read", Reader, All;
    /// Tests connectors, rolls out, resumes, switches protection of a subscription.
    EstateOperate = "estate.operate", Operator, All;
    /// Makes and changes subscriptions and connectors, and the estate's settings.
    EstateManage = "estate.manage", Administrator, All;
    /// Reads software, vulnerabilities, what to do about them, and what else inventories hold.
    VulnerabilitiesRead = "vulnerabilities.read", Reader, Scope;
    /// Makes and cancels exceptions, and rules that warn of vulnerable applications or block them.
    VulnerabilitiesManage = "vulnerabilities.manage", Operator, Scope;
    /// Makes, changes and assigns security baselines.
    BaselinesManage = "baselines.manage", Administrator, All;
    /// Reads webhooks, notification rules and what was sent; no secret of them can be read.
    NotificationsRead = "notifications.read", Reader, All;
    /// Makes and changes webhooks and notification rules, tries them, has something sent again.
    NotificationsManage = "notifications.manage", Administrator, All;
    /// Reads usage: what was metered, and what it costs.
    UsageRead = "usage.read", Reader, Scope;
    /// Switches plans of subscriptions and machines, writes rate cards.
    PlansManage = "plans.manage", Administrator, All;
    /// Asks the explorer.
    ExploreRun = "explore.run", Reader, Scope;
    /// Looks for something everywhere; each part of the answer needs its own permission too.
    SearchRun = "search.run", Reader, Scope;
    /// Reads events of devices.
    EventsRead = "events.read", Reader, Scope;
    /// Runs queries.
    HuntingRun = "hunting.run", Reader, Scope;
    /// Writes functions and shared queries, which everybody's hunting is made of.
    HuntingManage = "hunting.manage", Operator, All;
    /// Uploads files that queries read, and deletes them.
    HuntingUpload = "hunting.upload", Operator, Nothing;
    /// Gives orders to devices.
    OrdersCreate = "orders.create", Operator, Scope;
    /// Reads device groups.
    GroupsRead = "groups.read", Reader, Scope;
    /// Makes, changes and deletes device groups.
    GroupsManage = "groups.manage", Administrator, All;
    /// Manages users.
    UsersManage = "users.manage", Administrator, All;
    /// Manages enrolment tokens.
    EnrolmentManage = "enrolment.manage", Administrator, All;
    /// Changes what concerns the tenant as a whole.
    TenantManage = "tenant.manage", Administrator, All;
    /// Reads the audit log: an administrator all of it, everybody else what they did themselves.
    AuditRead = "audit.read", Reader, Nothing;
}

/// Audit kinds.
pub(crate) mod audit {
    use super::AuditKind;

    /// Leaves no entry: it changes nothing and reads what its permission covers.
    pub(crate) struct Unaudited;
    impl AuditKind for Unaudited {
        const KIND: Option<&'static str> = None;
    }

    /// A query; stopped when its client goes away.
    pub(crate) struct HuntingRun;
    impl AuditKind for HuntingRun {
        const KIND: Option<&'static str> = Some("hunting.run");
        const CARRIED: bool = false;
    }

    /// A question to the explorer; stopped when its client goes away.
    pub(crate) struct ExploreRun;
    impl AuditKind for ExploreRun {
        const KIND: Option<&'static str> = Some("explore.run");
        const CARRIED: bool = false;
    }

    /// A file of a query's rows; stopped when its client goes away.
    pub(crate) struct HuntingExport;
    impl AuditKind for HuntingExport {
        const KIND: Option<&'static str> = Some("hunting.export");
        const CARRIED: bool = false;
    }

    macro_rules! kinds {
        ($($name:ident = $text:literal;)*) => {$(
            #[doc = concat!("`", $text, "`.")]
            pub(crate) struct $name;
            impl AuditKind for $name {
                const KIND: Option<&'static str> = Some($text);
            }
        )*};
    }

    kinds! {
        SetupBegin = "setup.begin";
        SetupConfirm = "setup.confirm";
        SessionCreate = "session.create";
        SessionEnd = "session.end";
        SessionRevoke = "session.revoke";
        TokenCreate = "token.create";
        TokenDelete = "token.delete";
        UserCreate = "user.create";
        UserUpdate = "user.update";
        UserDelete = "user.delete";
        SetupLinkCreate = "setup_link.create";
        SetupLinkRevoke = "setup_link.revoke";
        DeviceTag = "device.tag";
        DeviceGroupCreate = "device_group.create";
        DeviceGroupUpdate = "device_group.update";
        DeviceGroupDelete = "device_group.delete";
        SubscriptionCreate = "subscription.create";
        SubscriptionUpdate = "subscription.update";
        ConnectorCreate = "connector.create";
        ConnectorUpdate = "connector.update";
        ConnectorTest = "connector.test";
        ConnectorRollout = "connector.rollout";
        ConnectorPause = "connector.pause";
        ConnectorRevoke = "connector.revoke";
        HostKeysConfirm = "connector.host_keys.confirm";
        HostKeysForget = "connector.host_keys.forget";
        RolloutResume = "rollout.resume";
        MachineUpdate = "machine.update";
        MachineMove = "machine.move";
        MachineFix = "machine.fix";
        MachineOffboard = "machine.offboard";
        MachineOnboard = "machine.onboard";
        ExtensionDelete = "machine.extension.delete";
        SubscriptionAgentless = "subscription.agentless";
        MachineAgentless = "machine.agentless";
        MachineScan = "machine.scan";
        SettingsUpdate = "settings.update";
        SubscriptionPlans = "subscription.plans";
        SubscriptionFix = "subscription.fix";
        MachinePlan = "machine.plan";
        MachinePlanClear = "machine.plan.clear";
        RateCardWrite = "rate_card.write";
        RateCardDelete = "rate_card.delete";
        PlanEnforcement = "settings.plan_enforcement";
        OrderCreate = "order.create";
        ExceptionCreate = "vulnerability_exception.create";
        ExceptionCancel = "vulnerability_exception.cancel";
        ApplicationBlockCreate = "application_block.create";
        ApplicationBlockMode = "application_block.mode";
        ApplicationBlockCancel = "application_block.cancel";
        RemediationCreate = "remediation.create";
        RemediationUpdate = "remediation.update";
        RemediationApprove = "remediation.approve";
        RemediationPause = "remediation.pause";
        RemediationResume = "remediation.resume";
        RemediationCancel = "remediation.cancel";
        RemediationRollback = "remediation.rollback";
        BaselineCreate = "baseline_profile.create";
        BaselineUpdate = "baseline_profile.update";
        BaselineDelete = "baseline_profile.delete";
        BaselineImport = "baseline_profile.import";
        BaselineAssign = "baseline_profile.assign";
        WebhookCreate = "webhook.create";
        WebhookUpdate = "webhook.update";
        WebhookDelete = "webhook.delete";
        WebhookTest = "webhook.test";
        NotificationRuleCreate = "notification_rule.create";
        NotificationRuleUpdate = "notification_rule.update";
        NotificationRuleDelete = "notification_rule.delete";
        NotificationRuleTest = "notification_rule.test";
        DeliveryRetry = "notification_delivery.retry";
        HuntingCancel = "hunting.cancel";
        HuntingFunctionWrite = "hunting_function.write";
        HuntingFunctionDelete = "hunting_function.delete";
        SavedQueryCreate = "saved_query.create";
        SavedQueryUpdate = "saved_query.update";
        SavedQueryDelete = "saved_query.delete";
        HuntingLinkCreate = "hunting_link.create";
        HuntingHistoryForget = "hunting_history.forget";
        HuntingExportCreate = "hunting_export.create";
        HuntingUploadCreate = "hunting_upload.create";
        HuntingUploadDelete = "hunting_upload.delete";
        ScheduledExportCreate = "scheduled_export.create";
        ScheduledExportUpdate = "scheduled_export.update";
        ScheduledExportDelete = "scheduled_export.delete";
        ScheduledExportRun = "scheduled_export.run";
        ScheduledExportRead = "scheduled_export.read";
        EnrolmentTokenCreate = "enrolment_token.create";
        EnrolmentTokenDelete = "enrolment_token.delete";
        OnboardingCreate = "onboarding.create";
        TenantRegion = "tenant.region";
    }
}

/// What the router reads from a handler's first argument.
pub(crate) trait Gate {
    /// The permission's name in the contract.
    const PERMISSION: &'static str;
    /// What a call tells or changes of devices.
    const DEVICES: Reach = Reach::Nothing;
    /// The audit kind.
    type Audit: AuditKind;
    /// What plans must have opened, any one of it; nothing where it is empty.
    const FEATURES: &'static [Feature] = &[];
}

/// Something that plans open, where a tenant enforces them.
pub(crate) trait Gated: Send + Sync + 'static {
    /// What, any one of it; nothing is needed where it is empty.
    const FEATURES: &'static [Feature];
}

/// Open whatever was bought.
pub(crate) struct Ungated;
impl Gated for Ungated {
    const FEATURES: &'static [Feature] = &[];
}

/// Pages that plans open, as types that routes name.
pub(crate) mod feature {
    use super::{Feature, Gated};

    macro_rules! pages {
        ($($(#[$doc:meta])* $name:ident = $($feature:ident)|+;)*) => {$(
            $(#[$doc])*
            pub(crate) struct $name;
            impl Gated for $name {
                const FEATURES: &'static [Feature] = &[$(Feature::$feature),+];
            }
        )*};
    }

    pages! {
        /// The security explorer: all of it, or its health findings alone.
        Explorer = Explorer | ExplorerHealth;
    }
}

/// Names types without holding a value of them.
type Marker<P, A, F> = PhantomData<fn() -> (P, A, F)>;

/// A caller with permission `P`; the call leaves an entry of kind `A`. Where a tenant enforces plans, one
/// of its subscriptions has what opens `F`.
pub(crate) struct Authorized<P, A, F = Ungated> {
    /// Who calls.
    pub principal: Principal,
    /// What the tenant's plans open, for a route that names a page; everything for the others. A page shows
    /// machines of those subscriptions only.
    pub licence: Licence,
    /// The request's scope: what the audit entry says more.
    pub scope: Scope,
    marker: Marker<P, A, F>,
}

impl<P, A, F> Authorized<P, A, F> {
    /// The caller's tenant; nothing outside it is visible.
    pub(crate) fn tenant(&self) -> TenantId {
        self.principal.tenant
    }

    /// The caller's devices; nothing outside them is visible. A handler whose permission reaches
    /// [`Reach::Scope`] gives this to whatever reads or changes devices.
    pub(crate) fn devices(&self) -> &DeviceScope {
        self.scope.devices_taken();
        &self.principal.devices
    }

    /// Says that this call, other than its permission suggests, tells nothing of any device.
    pub(crate) fn no_devices(&self) {
        self.scope.devices_taken();
    }
}

impl<P: Permission, A: AuditKind, F: Gated> Gate for Authorized<P, A, F> {
    const PERMISSION: &'static str = P::NAME;
    const DEVICES: Reach = P::DEVICES;
    type Audit = A;
    const FEATURES: &'static [Feature] = F::FEATURES;
}

impl<P: Permission, A: AuditKind, F: Gated> FromRequestParts<Api> for Authorized<P, A, F> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let scope = Scope::of(parts)?;
        scope.declare(A::KIND);
        let principal = match credentials::authenticate(parts, api).await {
            Ok(principal) => principal,
            Err(refusal) => {
                // Remembered as an attempt of nobody, but never without bound.
                let counted = |address| api.strangers.take(address, std::time::Instant::now()).is_ok();
                if A::KIND.is_some() && scope.client().is_some_and(counted) {
                    scope.anonymous(api.config.default_tenant, "");
                }
                return Err(refusal);
            }
        };
        scope.principal(&principal);
        credentials::check_csrf(parts)?;
        if principal.role < P::LEAST {
            return Err(ApiError::forbidden(format!(
                "the role {} lacks the permission {}",
                principal.role,
                P::NAME
            )));
        }
        let permission = Named::of::<P>();
        if principal.permissions.as_ref().is_some_and(|words| !permission.granted_by(words)) {
            return Err(ApiError::forbidden(format!("the token was not given the permission {}", P::NAME)));
        }
        match P::DEVICES {
            Reach::Scope if principal.devices.is_limited() => {
                scope.devices_owed();
                // So that somebody who is limited never sees by a fact that is over.
                let now = palisade_types::TimeMicros::now();
                api.config.state.regroup_changed(principal.tenant, REGROUPED, now).await?;
            }
            Reach::All if principal.devices.is_limited() => {
                let message = "this is not open to somebody who is limited to device groups";
                return Err(ApiError {
                    code: "limited_to_groups".to_owned(),
                    ..ApiError::forbidden(message)
                });
            }
            _ => {}
        }
        let mut licence = Licence::default();
        if !F::FEATURES.is_empty() {
            licence = Licence::of(&api.config.state, principal.tenant, TimeMicros::now()).await?;
            licence.require(F::FEATURES)?;
        }
        Ok(Self { principal, licence, scope, marker: PhantomData })
    }
}

/// A caller whom nobody knows yet; limited per address where the call leaves an entry.
pub(crate) struct Anyone<A> {
    /// The request's scope.
    pub scope: Scope,
    marker: PhantomData<fn() -> A>,
}

impl<A: AuditKind> Gate for Anyone<A> {
    const PERMISSION: &'static str = "public";
    type Audit = A;
}

impl<A: AuditKind> FromRequestParts<Api> for Anyone<A> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let scope = Scope::of(parts)?;
        if let Some(address) = scope.client() {
            // Refused before the entry is declared, so that a flood does not fill the audit log.
            api.throttle.take(address, std::time::Instant::now()).map_err(|wait| {
                ApiError::busy("rate_limited", "too many attempts from this address; wait a moment", wait)
            })?;
        }
        scope.declare(A::KIND);
        scope.anonymous(api.config.default_tenant, "");
        credentials::check_csrf(parts)?;
        Ok(Self { scope, marker: PhantomData })
    }
}

/// A caller whom nobody has to know, and who is told nothing but what is the same for all. Not limited:
/// it costs no more than a page of the console.
pub(crate) struct Open;

impl Gate for Open {
    const PERMISSION: &'static str = "public";
    type Audit = audit::Unaudited;
}

impl FromRequestParts<Api> for Open {
    type Rejection = ApiError;

    async fn from_request_parts(_: &mut Parts, _: &Api) -> Result<Self, ApiError> {
        Ok(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(name: &str) -> Named {
        *PERMISSIONS.iter().find(|p| p.name == name).expect("a permission")
    }

    #[test]
    fn the_word_of_a_role_stands_for_what_it_may_but_for_the_account() {
        for (word, permission, granted) in [
            ("read", "devices.read", true),
            ("read", "orders.create", false),
            ("read", "account.manage", false),
            ("operate", "orders.create", true),
            ("operate", "devices.read", true),
            ("operate", "users.manage", false),
            ("operate", "account.manage", false),
            ("administer", "users.manage", true),
            ("administer", "account.manage", true),
            ("devices.read", "devices.read", true),
            ("devices.read", "events.read", false),
            ("devices.read", "signed-in", true),
            ("devices", "devices.read", false),
        ] {
            assert_eq!(named(permission).granted_by(&[word]), granted, "{word} {permission}");
        }
        assert!(!named("devices.read").granted_by::<&str>(&[]));
    }
}
