//! The one router. An endpoint is a handler whose first argument is a [`Gate`]: from its type come
//! the permission and the audit kind, for the layers and for the document alike.

use axum::handler::Handler;
use axum::middleware::from_fn;
use utoipa::openapi::OpenApi;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use crate::gate::{AuditKind, Gate};
use crate::scope::{audited, limited};
use crate::state::Api;

/// Permission of an operation in the document.
pub(crate) const PERMISSION: &str = "x-palisade-permission";
/// Audit kind of an operation in the document; `none` where it leaves no entry.
pub(crate) const AUDIT: &str = "x-palisade-audit";

/// What an operation tells or changes of devices: `none`; `scope`, those that the caller sees; `all`, for
/// which it is closed to somebody who is limited to device groups.
pub(crate) const DEVICES: &str = "x-palisade-devices";

/// What plans must have opened for an operation where a tenant enforces them, any one of it; absent for most.
pub(crate) const FEATURES: &str = "x-palisade-features";

/// Collects endpoints.
#[derive(Default)]
pub(crate) struct ApiRouter(OpenApiRouter<Api>);

impl ApiRouter {
    /// Adds one endpoint; use [`endpoints!`], which pairs the handler with its documentation.
    pub(crate) fn endpoint<H, T>(self, _handler: H, documented: UtoipaMethodRouter<Api>) -> Self
    where
        H: Handler<T, Api>,
        T: Arguments,
        T::First: Gate,
    {
        let (schemas, mut paths, methods) = documented;
        for item in paths.paths.values_mut() {
            for operation in operations(item) {
                let audit = <T::First as Gate>::Audit::KIND.unwrap_or("none");
                let mut extensions = ExtensionsBuilder::new()
                    .add(PERMISSION, <T::First as Gate>::PERMISSION)
                    .add(DEVICES, <T::First as Gate>::DEVICES.as_str())
                    .add(AUDIT, audit);
                let features: Vec<&str> = <T::First as Gate>::FEATURES.iter().map(|f| f.as_str()).collect();
                if !features.is_empty() {
                    extensions = extensions.add(FEATURES, features);
                }
                operation.extensions = Some(extensions.build());
            }
        }
        let methods = methods.route_layer(from_fn(limited));
        let methods = methods.route_layer(from_fn(audited::<<T::First as Gate>::Audit>));
        Self(self.0.routes((schemas, paths, methods)))
    }

    pub(crate) fn into_parts(self) -> (axum::Router<Api>, OpenApi) {
        self.0.split_for_parts()
    }
}

/// Adds endpoints to an [`ApiRouter`].
macro_rules! endpoints {
    ($router:expr; $($($handler:ident)::+),* $(,)?) => {
        $router$(.endpoint($($handler)::+, utoipa_axum::routes!($($handler)::+)))*
    };
}
pub(crate) use endpoints;

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.delete, &mut item.patch].into_iter().flatten()
}

/// The first argument of a handler, read from the tuple by which axum knows its arguments.
pub(crate) trait Arguments {
    /// The first argument's type.
    type First;
}

macro_rules! arguments {
    ($($($more:ident)*;)*) => {$(
        impl<M, First, $($more),*> Arguments for (M, First, $($more,)*) {
            type First = First;
        }
    )*};
}

arguments! {
    ;
    B;
    B C;
    B C D;
    B C D E;
}
