//! What people decided to leave as it is: exceptions for a vulnerability or a recommendation, everywhere
//! or on the devices of a group.

use std::fmt;
use std::str::FromStr;

use palisade_types::{TenantId, TimeMicros};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, Transaction};
use uuid::Uuid;

use super::book::bitmap;
use super::list::Range;
use crate::page::{self, Cursor};
use crate::{DeviceScope, Page, Result, State, StateError, row};

/// Longest note, characters.
const MAX_NOTE: usize = 1_000;
/// The longest that an exception holds, microseconds: a year and a day.
const LONGEST: i64 = 366 * 86_400 * 1_000_000;

/// What an exception is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExceptionSubject {
    /// A vulnerability, by its id.
    Vulnerability(String),
    /// A recommendation, by its id.
    Recommendation(String),
}

impl ExceptionSubject {
    /// Its kind as it is written.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Vulnerability(_) => "vulnerability",
            Self::Recommendation(_) => "recommendation",
        }
    }

    /// Its identifier.
    pub fn id(&self) -> &str {
        match self {
            Self::Vulnerability(id) | Self::Recommendation(id) => id,
        }
    }
}

/// Why something is left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Justification {
    /// Somebody else's product protects against it: it no longer counts in the score.
    ThirdPartyControl,
    /// Something of one's own does: it no longer counts in the score.
    AlternateMitigation,
    /// It is lived with: a recommendation still counts in the score, a vulnerability does not.
    RiskAccepted,
    /// It is going to be done: a recommendation still counts in the score, a vulnerability does not.
    PlannedRemediation,
    /// The finding is wrong: it no longer counts, and is kept as a case to test with.
    Inaccurate,
}

impl Justification {
    const ALL: [(Self, &'static str); 5] = [
        (Self::ThirdPartyControl, "third_party_control"),
        (Self::AlternateMitigation, "alternate_mitigation"),
        (Self::RiskAccepted, "risk_accepted"),
        (Self::PlannedRemediation, "planned_remediation"),
        (Self::Inaccurate, "inaccurate"),
    ];

    /// As it is written.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("inaccurate", |(_, name)| name)
    }
}

impl fmt::Display for Justification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Justification {
    type Err = StateError;

    fn from_str(s: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|(_, name)| *name == s).map(|(one, _)| *one);
        known.ok_or_else(|| StateError::InvalidArgument("unknown justification of an exception".into()))
    }
}

/// An exception to make.
#[derive(Clone, Debug)]
pub struct NewException {
    /// For what.
    pub subject: ExceptionSubject,
    /// Only on the devices of this group; everywhere where it is none.
    pub group: Option<Uuid>,
    /// Why.
    pub justification: Justification,
    /// Why, in words: 1 to 1000 characters.
    pub note: String,
    /// Until when, at most a year; only a finding that is wrong may be excepted for good.
    pub expires_at: Option<TimeMicros>,
    /// Who makes it, as the audit log names them.
    pub created_by: String,
}

/// An exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Identifier.
    pub id: Uuid,
    /// For what.
    pub subject: ExceptionSubject,
    /// The group on whose devices it holds, with its name; everywhere where it is none.
    pub group: Option<(Uuid, String)>,
    /// Why.
    pub justification: Justification,
    /// Why, in words.
    pub note: String,
    /// Who made it.
    pub created_by: String,
    /// When.
    pub created_at: TimeMicros,
    /// Until when it holds.
    pub expires_at: Option<TimeMicros>,
    /// When it was cancelled, and by whom.
    pub cancelled: Option<(TimeMicros, String)>,
}

impl Exception {
    /// Whether it holds.
    pub fn is_active(&self, now: TimeMicros) -> bool {
        self.cancelled.is_none() && self.expires_at.is_none_or(|end| end > now)
    }
}

const COLUMNS: &str =
    "x.id, x.subject_kind, x.subject, x.group_id, g.name AS group_name, x.justification, x.note,
    x.created_by, x.created_at, x.expires_at, x.cancelled_at, x.cancelled_by";

/// Of a caller who is limited: the groups, and what the caller's devices have of what is excepted everywhere, as
/// kind and identifier. An exception for what only others' devices have would tell that they have it.
struct Seen {
    groups: Vec<Uuid>,
    everywhere: Vec<String>,
}

impl State {
    async fn seen_exceptions(
        &self,
        tx: &mut Transaction<'static, Postgres>,
        tenant: TenantId,
        scope: &DeviceScope,
        now: TimeMicros,
    ) -> Result<Option<Seen>> {
        let Some(groups) = scope.group_keys() else { return Ok(None) };
        let rows = sqlx::query(
            "SELECT DISTINCT x.subject_kind, x.subject, r.devices FROM vulnerability_exceptions x
             LEFT JOIN vulnerability_recommendations r ON x.subject_kind = 'recommendation'
                 AND r.tenant_id = x.tenant_id AND r.id = x.subject
             WHERE x.tenant_id = $1 AND x.group_id IS NULL",
        )
        .bind(tenant.0)
        .fetch_all(&mut **tx)
        .await?;
        let sight = self.sight(tx, tenant, scope, now).await?;
        let mut everywhere = Vec::new();
        for r in &rows {
            let (kind, subject): (&str, &str) = (r.try_get("subject_kind")?, r.try_get("subject")?);
            let is_theirs = match r.try_get::<Option<&[u8]>, _>("devices")? {
                Some(devices) => !bitmap(devices)?.is_disjoint(&sight.visible),
                None => kind == "vulnerability" && sight.vulnerability(subject).is_ok(),
            };
            if is_theirs {
                everywhere.push(format!("{kind} {subject}"));
            }
        }
        Ok(Some(Seen { groups, everywhere }))
    }
}

fn from(columns: &str, tenant: TenantId, seen: Option<&Seen>) -> QueryBuilder<Postgres> {
    let mut q = QueryBuilder::<Postgres>::new(format!(
        "SELECT {columns} FROM vulnerability_exceptions x
         LEFT JOIN device_groups g ON g.tenant_id = x.tenant_id AND g.id = x.group_id WHERE x.tenant_id = "
    ));
    q.push_bind(tenant.0);
    if let Some(seen) = seen {
        q.push(" AND (x.group_id = ANY(").push_bind(seen.groups.clone());
        q.push(") OR (x.group_id IS NULL AND x.subject_kind || ' ' || x.subject = ANY(")
            .push_bind(seen.everywhere.clone())
            .push(")))");
    }
    q
}

fn exception(r: &PgRow) -> Result<Exception> {
    let subject: String = r.try_get("subject")?;
    let group: Option<Uuid> = r.try_get("group_id")?;
    let name: Option<String> = r.try_get("group_name")?;
    let cancelled_by: Option<String> = r.try_get("cancelled_by")?;
    Ok(Exception {
        id: r.try_get("id")?,
        subject: match r.try_get::<&str, _>("subject_kind")? {
            "vulnerability" => ExceptionSubject::Vulnerability(subject),
            _ => ExceptionSubject::Recommendation(subject),
        },
        group: group.map(|g| (g, name.unwrap_or_default())),
        justification: row::parsed(r, "justification")?,
        note: r.try_get("note")?,
        created_by: r.try_get("created_by")?,
        created_at: row::time(r, "created_at")?,
        expires_at: row::time_opt(r, "expires_at")?,
        cancelled: row::time_opt(r, "cancelled_at")?.map(|at| (at, cancelled_by.unwrap_or_default())),
    })
}

/// Whether a caller may decide about the devices of a group, or of everything.
fn may_decide(scope: &DeviceScope, group: Option<Uuid>) -> Result<()> {
    let allowed = match group {
        Some(group) => !scope.excludes_group(group),
        None => !scope.is_limited(),
    };
    let refused = StateError::Rule {
        code: "group_required",
        message: "somebody who is limited to device groups excepts for one of these groups only".into(),
    };
    match (allowed, group) {
        (true, _) => Ok(()),
        (false, Some(_)) => Err(StateError::NotFound("device group")),
        (false, None) => Err(refused),
    }
}

impl NewException {
    fn check(&self, now: TimeMicros) -> Result<()> {
        let bad = |text: &str| Err(StateError::InvalidArgument(text.into()));
        let chars = self.note.trim().chars().count();
        if chars == 0 || chars > MAX_NOTE {
            return bad("an exception needs a note of 1 to 1000 characters");
        }
        match self.expires_at {
            None if self.justification == Justification::Inaccurate => Ok(()),
            None => bad("an exception needs an end; only a finding that is wrong may be excepted for good"),
            Some(end) if end <= now || end.0 - now.0 > LONGEST => {
                bad("an exception ends in the future, within a year")
            }
            Some(_) => Ok(()),
        }
    }
}

impl State {
    /// A page of exceptions that concern the scope's devices, newest first.
    ///
    /// # Errors
    /// `cursor_invalid`.
    pub async fn vulnerability_exceptions(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        active: Option<bool>,
        range: &Range,
        now: TimeMicros,
    ) -> Result<Page<Exception>> {
        let list = "vulnerability_exceptions";
        let after = range.cursor.as_deref().map(|c| Cursor::decode(c, list)).transpose()?;
        let mut tx = self.tenant_tx(tenant).await?;
        let seen = self.seen_exceptions(&mut tx, tenant, scope, now).await?;
        let filtered = |columns: &str| {
            let mut q = from(columns, tenant, seen.as_ref());
            if let Some(active) = active {
                q.push(" AND (x.cancelled_at IS NULL AND (x.expires_at IS NULL OR x.expires_at > ")
                    .push_bind(now.0)
                    .push(")) = ")
                    .push_bind(active);
            }
            q
        };
        let mut q = filtered(COLUMNS);
        if let Some(after) = after {
            let at = after.number()?;
            let id: Uuid = after.id.parse().map_err(|_| StateError::CursorInvalid)?;
            q.push(" AND (x.created_at, x.id) < (").push_bind(at).push(", ").push_bind(id).push(")");
        }
        q.push(" ORDER BY x.created_at DESC, x.id DESC LIMIT ").push_bind(range.sql_limit() + 1);
        let total: i64 = filtered("count(*)").build_query_scalar().fetch_one(&mut *tx).await?;
        let rows = q.build().fetch_all(&mut *tx).await?;
        tx.commit().await?;
        let items = rows.iter().map(exception).collect::<Result<Vec<_>>>()?;
        Ok(page::finish(items, range.sql_limit(), total, |x| Cursor {
            list: list.to_owned(),
            key: x.created_at.0.to_string(),
            id: x.id.to_string(),
        }))
    }

    /// Makes an exception for what one of the scope's devices has. It takes the place of one that holds for
    /// the same subject and group.
    ///
    /// # Errors
    /// `not_found` (subject or group), `group_required` for somebody who is limited and names no group,
    /// `invalid_argument` (no note, no end or a bad one).
    pub async fn create_vulnerability_exception(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        new: &NewException,
        now: TimeMicros,
    ) -> Result<Exception> {
        new.check(now)?;
        may_decide(scope, new.group)?;
        match &new.subject {
            ExceptionSubject::Vulnerability(id) => drop(self.weakness(tenant, scope, id, now).await?),
            ExceptionSubject::Recommendation(id) => {
                drop(self.vulnerability_recommendation(tenant, scope, id, now).await?)
            }
        }
        let id = Uuid::now_v7();
        let mut tx = self.tenant_tx(tenant).await?;
        if let Some(group) = new.group {
            let known: bool = sqlx::query_scalar(
                "SELECT EXISTS (SELECT FROM device_groups WHERE tenant_id = $1 AND id = $2)",
            )
            .bind(tenant.0)
            .bind(group)
            .fetch_one(&mut *tx)
            .await?;
            if !known {
                return Err(StateError::NotFound("device group"));
            }
        }
        // Two people who decide the same at once make one exception.
        sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended($1, 42))")
            .bind(format!("{tenant} {} {}", new.subject.kind(), new.subject.id()))
            .execute(&mut *tx)
            .await?;
        replaced(&mut tx, tenant, new, now).await?;
        sqlx::query(
            "INSERT INTO vulnerability_exceptions
                 (tenant_id, id, subject_kind, subject, group_id, justification, note, created_by, created_at, expires_at)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(new.subject.kind())
        .bind(new.subject.id())
        .bind(new.group)
        .bind(new.justification.as_str())
        .bind(row::text(new.note.trim(), MAX_NOTE))
        .bind(row::text(&new.created_by, 200))
        .bind(now.0)
        .bind(new.expires_at.map(|at| at.0))
        .execute(&mut *tx)
        .await?;
        let seen = self.seen_exceptions(&mut tx, tenant, scope, now).await?;
        let made = one(&mut tx, tenant, seen.as_ref(), id).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// Cancels an exception; one that is over stays as it is.
    ///
    /// # Errors
    /// `not_found`, `group_required` for somebody who is limited where it holds everywhere.
    pub async fn cancel_vulnerability_exception(
        &self,
        tenant: TenantId,
        scope: &DeviceScope,
        id: Uuid,
        by: &str,
        now: TimeMicros,
    ) -> Result<Exception> {
        let mut tx = self.tenant_tx(tenant).await?;
        let seen = self.seen_exceptions(&mut tx, tenant, scope, now).await?;
        let there = one(&mut tx, tenant, seen.as_ref(), id).await?;
        may_decide(scope, there.group.as_ref().map(|(g, _)| *g))?;
        sqlx::query(
            "UPDATE vulnerability_exceptions SET cancelled_at = $3, cancelled_by = $4
             WHERE tenant_id = $1 AND id = $2 AND cancelled_at IS NULL AND (expires_at IS NULL OR expires_at > $3)",
        )
        .bind(tenant.0)
        .bind(id)
        .bind(now.0)
        .bind(row::text(by, 200))
        .execute(&mut *tx)
        .await?;
        let now_is = one(&mut tx, tenant, seen.as_ref(), id).await?;
        tx.commit().await?;
        Ok(now_is)
    }
}

async fn one(tx: &mut PgConnection, tenant: TenantId, seen: Option<&Seen>, id: Uuid) -> Result<Exception> {
    let mut q = from(COLUMNS, tenant, seen);
    q.push(" AND x.id = ").push_bind(id);
    let found = q.build().fetch_optional(tx).await?;
    exception(&found.ok_or(StateError::NotFound("exception"))?)
}

/// Ends the exception whose place a new one takes.
async fn replaced(
    tx: &mut PgConnection,
    tenant: TenantId,
    new: &NewException,
    now: TimeMicros,
) -> Result<()> {
    sqlx::query(
        "UPDATE vulnerability_exceptions SET cancelled_at = $5, cancelled_by = $6
         WHERE tenant_id = $1 AND subject_kind = $2 AND subject = $3 AND group_id IS NOT DISTINCT FROM $4
           AND cancelled_at IS NULL AND (expires_at IS NULL OR expires_at > $5)",
    )
    .bind(tenant.0)
    .bind(new.subject.kind())
    .bind(new.subject.id())
    .bind(new.group)
    .bind(now.0)
    .bind(row::text(&new.created_by, 200))
    .execute(tx)
    .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: TimeMicros = TimeMicros(1_700_000_000_000_000);

    fn new(justification: Justification, days: Option<i64>) -> NewException {
        NewException {
            subject: ExceptionSubject::Vulnerability("CVE-2026-1".into()),
            group: None,
            justification,
            note: "because".into(),
            expires_at: days.map(|d| NOW.plus_micros(d * 86_400 * 1_000_000)),
            created_by: "Ann".into(),
        }
    }

    #[test]
    fn an_exception_ends_unless_the_finding_is_wrong() {
        assert!(new(Justification::RiskAccepted, Some(30)).check(NOW).is_ok());
        assert!(new(Justification::Inaccurate, None).check(NOW).is_ok());
        for (justification, days) in [
            (Justification::RiskAccepted, None),
            (Justification::RiskAccepted, Some(0)),
            (Justification::RiskAccepted, Some(400)),
            (Justification::Inaccurate, Some(-1)),
        ] {
            assert!(new(justification, days).check(NOW).is_err(), "{justification} {days:?}");
        }
        let empty = NewException { note: "  ".into(), ..new(Justification::RiskAccepted, Some(1)) };
        assert!(empty.check(NOW).is_err());
    }

    #[test]
    fn whoever_is_limited_decides_for_their_groups_only() {
        let (own, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let limited = DeviceScope::groups(vec![own]);
        assert!(may_decide(&limited, Some(own)).is_ok());
        assert_eq!(may_decide(&limited, None).expect_err("everywhere").code(), "group_required");
        assert_eq!(may_decide(&limited, Some(other)).expect_err("not theirs").code(), "not_found");
        assert!(may_decide(&DeviceScope::all(), None).is_ok());
    }
}
