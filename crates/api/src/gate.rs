//! Permissions and audit kinds as types: the first argument of every handler says who may call it
//! and what entry it leaves.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use palisade_state::{Principal, Role};
use palisade_types::TenantId;

use crate::credentials;
use crate::error::ApiError;
use crate::scope::Scope;
use crate::state::Api;

/// Something that a signed-in caller may be allowed to do.
pub(crate) trait Permission: Send + Sync + 'static {
    /// Its name in the contract.
    const NAME: &'static str;
    /// The least role that has it.
    const LEAST: Role;
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
    ($($(#[$doc:meta])* $name:ident = $text:literal, $least:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;
        impl Permission for $name {
            const NAME: &'static str = $text;
            const LEAST: Role = Role::$least;
        }
    )*};
}

permissions! {
    /// Anybody with a session or token of the tenant.
    SignedIn = "signed-in", Reader;
    /// Reads devices and their orders.
    DevicesRead = "devices.read", Reader;
    /// Reads events of devices.
    EventsRead = "events.read", Reader;
    /// Runs queries.
    HuntingRun = "hunting.run", Reader;
    /// Gives orders to devices.
    OrdersCreate = "orders.create", Administrator;
    /// Manages users.
    UsersManage = "users.manage", Administrator;
    /// Manages enrolment tokens.
    EnrolmentManage = "enrolment.manage", Administrator;
    /// Reads the audit log.
    AuditRead = "audit.read", Administrator;
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
        UserDelete = "user.delete";
        OrderCreate = "order.create";
        HuntingCancel = "hunting.cancel";
        EnrolmentTokenCreate = "enrolment_token.create";
        EnrolmentTokenDelete = "enrolment_token.delete";
    }
}

/// What the router reads from a handler's first argument.
pub(crate) trait Gate {
    /// The permission's name in the contract.
    const PERMISSION: &'static str;
    /// The audit kind.
    type Audit: AuditKind;
}

/// A caller with permission `P`; the call leaves an entry of kind `A`.
pub(crate) struct Authorized<P, A> {
    /// Who calls.
    pub principal: Principal,
    /// The request's scope: what the audit entry says more.
    pub scope: Scope,
    marker: PhantomData<fn() -> (P, A)>,
}

impl<P, A> Authorized<P, A> {
    /// The caller's tenant; nothing outside it is visible.
    pub(crate) fn tenant(&self) -> TenantId {
        self.principal.tenant
    }
}

impl<P: Permission, A: AuditKind> Gate for Authorized<P, A> {
    const PERMISSION: &'static str = P::NAME;
    type Audit = A;
}

impl<P: Permission, A: AuditKind> FromRequestParts<Api> for Authorized<P, A> {
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
        Ok(Self { principal, scope, marker: PhantomData })
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
