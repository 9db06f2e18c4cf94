//! The table functions that Defender brings, as queries over the tables of the fleet.
//!
//! Each is written in the language itself and bound in place of the call, so that an executor needs
//! nothing for it. What a function asks of the vendor's cloud is answered from the fleet's own events;
//! docs/kql.md tells what each value means here. Facts about arguments and columns: the names and types
//! that the official binder gives, and Microsoft's page of each function.

use std::fmt::Write;

use super::cast::cast;
use super::{Binder, Binding, Relation, Scope};
use crate::ast::{self, ExprKind as K, NamedExpr};
use crate::diagnostic::{Span, Within};
use crate::program::{Expr, Source, StageOutput};
use crate::types::{Schema, Type, Value};

/// Functions that follow `invoke`.
pub(super) const INVOKED: [&str; 3] = ["FileProfile", "DeviceFromIP", "SeenBy"];

/// Tables whose rows speak of a file by its hash: name, and whether a row shows it running.
const FILE_TABLES: [(&str, bool); 4] = [
    ("DeviceProcessEvents", true),
    ("DeviceFileEvents", false),
    ("DeviceImageLoadEvents", true),
    ("DeviceEvents", false),
];

/// Whether a call of this name is a source of rows.
pub(super) fn is_source(name: &str) -> bool {
    name == "AssignedIPAddresses"
}

/// Whether `invoke` knows this name.
pub(super) fn is_invoked(name: &str) -> bool {
    INVOKED.contains(&name)
}

/// A column's name in brackets and quotes.
fn quoted(name: &str) -> String {
    format!("['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))
}

impl Binder<'_, '_, '_> {
    /// `T | invoke FileProfile(…)` and the like.
    pub(super) fn enrich(
        &mut self,
        input: Relation,
        name: &ast::Name,
        args: &[NamedExpr],
        span: Span,
    ) -> Relation {
        if input.poisoned {
            return input;
        }
        let bound = match name.text.as_str() {
            "FileProfile" => self.file_profile(input, args, span),
            "DeviceFromIP" => self.device_from_ip(input, args, span),
            _ => self.seen_by(input, args, span),
        };
        bound.unwrap_or_else(Relation::broken)
    }

    /// `AssignedIPAddresses('device', time)`.
    pub(super) fn enriched_source(&mut self, name: &str, args: &[NamedExpr], span: Span) -> Option<Relation> {
        let row = Relation::new(Source::OneRow, Schema::default());
        if args.is_empty() || args.len() > 2 {
            self.error("wrong_arguments", span, format!("{name}() takes a device and an instant"));
            return None;
        }
        let device = cast(self.scalar(&args.first()?.expr, &row)?, Type::String);
        let until = self.instant(args.get(1), &row, span)?;
        let query = "DeviceNetworkInfo \
            | where Timestamp <= ['$until'] and (DeviceId == ['$device'] or DeviceName =~ ['$device']) \
            | mv-expand ['$address'] = parse_json(IPAddresses) \
            | extend IPAddress = tostring(['$address'].IPAddress) \
            | where isnotempty(IPAddress) \
            | summarize arg_max(Timestamp, NetworkAdapterType, ConnectedNetworks) by IPAddress \
            | project Timestamp, IPAddress, \
                IPType = iff(ipv4_is_private(IPAddress), 'Private', 'Public'), \
                NetworkAdapterType, ConnectedNetworks";
        let scope = [("$device", Binding::Scalar(device)), ("$until", Binding::Scalar(until))];
        self.written(query, scope, span)
    }

    /// The columns of a file's profile, from what the fleet has seen of it.
    fn file_profile(&mut self, input: Relation, args: &[NamedExpr], span: Span) -> Option<Relation> {
        if args.len() > 2 {
            self.error("wrong_arguments", span, "FileProfile() takes a column and a number of rows");
            return None;
        }
        let column = self.column_argument(&input, args.first(), "SHA1", span)?;
        if let Some(limit) = args.get(1) {
            // All rows are enriched here; the number is still checked.
            let row = Relation::new(Source::OneRow, Schema::default());
            let bound = self.scalar(&limit.expr, &row)?;
            if !bound.ty.is_integer() {
                self.error("type_mismatch", bound.span, "the number of rows must be a whole number");
                return None;
            }
        }
        let upper = column.to_ascii_uppercase();
        let kinds: Vec<&str> = match ["SHA1", "SHA256", "MD5"].into_iter().find(|k| upper.ends_with(k)) {
            Some(kind) => vec![kind],
            // The name does not tell: hashes of different kinds never meet.
            None => vec!["SHA1", "SHA256", "MD5"],
        };
        let mut query = String::from(
            "let ['$seen'] = union (datatable(['$hash']: string, ['$device']: string, ['$time']: datetime, \
             ['$ran']: bool, ['$company']: string, ['$product']: string, ['$sha1']: string)[])",
        );
        for (table, ran) in FILE_TABLES {
            for kind in &kinds {
                if !self.has_columns(table, &["Timestamp", "DeviceId", "SHA1", kind]) {
                    continue;
                }
                let optional = |column: &str| {
                    if self.has_columns(table, &[column]) { column.to_owned() } else { "''".to_owned() }
                };
                let (company, product) =
                    (optional("ProcessVersionInfoCompanyName"), optional("ProcessVersionInfoProductName"));
                let _ = write!(
                    query,
                    ", ({table} | where isnotempty({kind}) | project ['$hash'] = tolower({kind}), \
                     ['$device'] = DeviceId, ['$time'] = Timestamp, ['$ran'] = {ran}, \
                     ['$company'] = {company}, ['$product'] = {product}, ['$sha1'] = tolower(SHA1))"
                );
            }
        }
        query.push_str(
            " | summarize ['$prevalence'] = dcount(['$device']), ['$first'] = min(['$time']), \
             ['$last'] = max(['$time']), ['$runs'] = countif(['$ran']), ['$company'] = max(['$company']), \
             ['$product'] = max(['$product']), ['$sha1'] = max(['$sha1']) by ['$hash']; ",
        );
        let _ = write!(
            query,
            "['$T'] | extend ['$hash'] = tolower(tostring({})) | lookup ['$seen'] on ['$hash']",
            quoted(&column)
        );
        // Certificates and threats are joined where their tables are known.
        let certificate = [
            "SHA1",
            "Timestamp",
            "Signer",
            "Issuer",
            "SignerHash",
            "IsTrusted",
            "IsSigned",
            "IsRootSignerMicrosoft",
        ];
        if self.has_columns("DeviceFileCertificateInfo", &certificate) {
            query.push_str(
                " | lookup (DeviceFileCertificateInfo | where isnotempty(SHA1) \
                 | summarize arg_max(Timestamp, Signer, Issuer, SignerHash, IsTrusted, IsSigned, \
                   IsRootSignerMicrosoft) by ['$sha1'] = tolower(SHA1) \
                 | project ['$sha1'], ['$signer'] = Signer, ['$issuer'] = Issuer, \
                   ['$signerhash'] = SignerHash, ['$trusted'] = tobool(IsTrusted), \
                   ['$signed'] = tobool(IsSigned), ['$root'] = tobool(IsRootSignerMicrosoft)) on ['$sha1']",
            );
        } else {
            query.push_str(
                " | extend ['$signer'] = '', ['$issuer'] = '', ['$signerhash'] = '', ['$trusted'] = bool(null), \
                 ['$signed'] = bool(null), ['$root'] = bool(null)",
            );
        }
        if self.has_columns("AlertEvidence", &["SHA1", "ThreatFamily"]) {
            query.push_str(
                " | lookup (AlertEvidence | where isnotempty(SHA1) and isnotempty(ThreatFamily) \
                 | summarize ['$threat'] = max(ThreatFamily) by ['$sha1'] = tolower(SHA1)) on ['$sha1']",
            );
        } else {
            query.push_str(" | extend ['$threat'] = ''");
        }
        query.push_str(
            " | extend GlobalPrevalence = ['$prevalence'], GlobalFirstSeen = ['$first'], \
             GlobalLastSeen = ['$last'], Signer = ['$signer'], Issuer = ['$issuer'], \
             SignerHash = ['$signerhash'], IsCertificateValid = ['$trusted'], \
             IsRootSignerMicrosoft = ['$root'], \
             SignatureState = case(['$signed'] == false, 'Unsigned', ['$trusted'] == true, 'SignedValid', \
               ['$trusted'] == false, 'SignedInvalid', 'Unknown'), \
             IsExecutable = ['$runs'] > 0, ThreatName = ['$threat'], Publisher = ['$company'], \
             SoftwareName = ['$product'], \
             ProfileAvailability = iff(isnull(['$prevalence']), 'Missing', 'Available') \
             | project-away ['$hash'], ['$sha1'], ['$prevalence'], ['$first'], ['$last'], ['$runs'], \
               ['$company'], ['$product'], ['$signer'], ['$issuer'], ['$signerhash'], ['$trusted'], \
               ['$signed'], ['$root'], ['$threat']",
        );
        let rows = Binding::Stage(self.stage(Some("$T".to_owned()), StageOutput::Table, input));
        self.written(&query, [("$T", rows)], span)
    }

    /// The device that last had each address.
    fn device_from_ip(&mut self, input: Relation, args: &[NamedExpr], span: Span) -> Option<Relation> {
        if args.len() > 2 {
            self.error("wrong_arguments", span, "DeviceFromIP() takes a column and an instant");
            return None;
        }
        let column = self.column_argument(&input, args.first(), "IP", span)?;
        let row = Relation::new(Source::OneRow, Schema::default());
        let until = self.instant(args.get(1), &row, span)?;
        let query = format!(
            "let ['$wanted'] = ['$T'] | extend IP = tostring({}) | where isnotempty(IP) | distinct IP; \
             DeviceNetworkInfo | where Timestamp <= ['$until'] \
             | mv-expand ['$address'] = parse_json(IPAddresses) \
             | extend IP = tostring(['$address'].IPAddress) | where isnotempty(IP) \
             | summarize arg_max(Timestamp, DeviceId) by IP \
             | join kind=leftsemi ['$wanted'] on IP | project IP, DeviceId",
            quoted(&column)
        );
        let rows = Binding::Stage(self.stage(Some("$T".to_owned()), StageOutput::Table, input));
        self.written(&query, [("$T", rows), ("$until", Binding::Scalar(until))], span)
    }

    /// The devices that had a connection with one of a device's addresses.
    fn seen_by(&mut self, input: Relation, args: &[NamedExpr], span: Span) -> Option<Relation> {
        if args.len() > 1 {
            self.error("wrong_arguments", span, "SeenBy() takes a column");
            return None;
        }
        let column = self.column_argument(&input, args.first(), "DeviceId", span)?;
        let query = format!(
            "let ['$seen'] = DeviceNetworkInfo | mv-expand ['$address'] = parse_json(IPAddresses) \
             | project ['$id'] = DeviceId, ['$ip'] = tostring(['$address'].IPAddress) \
             | where isnotempty(['$ip']) | distinct ['$id'], ['$ip'] \
             | join kind=inner (DeviceNetworkEvents | where isnotempty(RemoteIP) \
               | summarize arg_max(Timestamp, DeviceName) by DeviceId, ['$ip'] = RemoteIP) on ['$ip'] \
             | where DeviceId != ['$id'] \
             | summarize arg_max(Timestamp, DeviceName) by ['$id'], DeviceId \
             | summarize ['$by'] = make_list(bag_pack('DeviceId', DeviceId, 'DeviceName', DeviceName, \
               'LastSeen', Timestamp)) by ['$id']; \
             ['$T'] | extend ['$id'] = tostring({}) | lookup ['$seen'] on ['$id'] \
             | extend SeenBy = coalesce(['$by'], dynamic([])) | project-away ['$id'], ['$by']",
            quoted(&column)
        );
        let rows = Binding::Stage(self.stage(Some("$T".to_owned()), StageOutput::Table, input));
        self.written(&query, [("$T", rows)], span)
    }

    /// The column that an argument names, bare or as a text.
    fn column_argument(
        &mut self,
        input: &Relation,
        arg: Option<&NamedExpr>,
        default: &str,
        span: Span,
    ) -> Option<String> {
        let (name, span) = match arg.map(|a| (&a.expr.kind, a.expr.span)) {
            None => (default.to_owned(), span),
            Some((K::Name(name) | K::Literal(Value::String(name)), span)) => (name.clone(), span),
            Some((_, span)) => {
                self.error("syntax_error", span, "a column is expected here");
                return None;
            }
        };
        match input.resolve(&name) {
            Some(column) => Some(column.name.clone()),
            None => {
                let suggestion = self.sink.nearest(&name, input.schema.names());
                let message = format!("there is no column '{name}'");
                self.sink.error("unknown_column", span, message, suggestion);
                None
            }
        }
    }

    /// An instant as an argument; now when it is left out.
    fn instant(&mut self, arg: Option<&NamedExpr>, row: &Relation, span: Span) -> Option<Expr> {
        let Some(arg) = arg else { return Some(Expr::literal(Value::Datetime(self.now), span)) };
        let bound = self.scalar(&arg.expr, row)?;
        if bound.ty != Type::Datetime && bound.ty != Type::Dynamic {
            self.error("type_mismatch", bound.span, "an instant is expected here");
            return None;
        }
        Some(cast(bound, Type::Datetime))
    }

    fn has_columns(&self, table: &str, columns: &[&str]) -> bool {
        let Some(table) = self.catalogue.table(table) else { return false };
        columns.iter().all(|wanted| table.columns.iter().any(|c| c.name == *wanted))
    }

    /// Binds a query of this module; the names of the user's query are not seen in it.
    fn written<const N: usize>(
        &mut self,
        query: &str,
        names: [(&str, Binding); N],
        span: Span,
    ) -> Option<Relation> {
        let (query, wrong) = crate::parse(query);
        if let Some(first) = wrong.first() {
            self.error("internal", span, format!("a built-in function cannot be read: {}", first.message));
            return None;
        }
        let scope = names.into_iter().map(|(name, binding)| (name.to_owned(), binding)).collect();
        let outer = std::mem::replace(&mut self.scope, Scope::new(scope));
        self.sink.enter(Within::Own(span));
        let result = self.deeper(span, |b| b.statements(&query.statements));
        self.sink.leave();
        self.scope = outer;
        result
    }
}
