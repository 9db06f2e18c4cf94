//! Vulnerabilities, software and recommendations among what is looked through.

use std::time::Duration;

use palisade_state::vulnerabilities::{
    Range, RecommendationQuery, RecommendationSort, SoftwareQuery, SoftwareSort, WeaknessQuery, WeaknessSort,
};
use palisade_types::TimeMicros;

use super::{FoundRecommendation, FoundSoftware, FoundVulnerability, Look, Part, SearchPart, failed};
use crate::search::InputKind;

/// A part that takes longer is given up.
const LIMIT: Duration = Duration::from_secs(2);

/// What the three parts gave.
pub(super) type Vulnerable = (Part<FoundVulnerability>, Part<FoundSoftware>, Part<FoundRecommendation>);

async fn bounded<T>(work: impl Future<Output = palisade_state::Result<palisade_state::Page<T>>>) -> Part<T> {
    let late = |_| ("timed_out".to_owned(), format!("it took longer than {} s", LIMIT.as_secs()));
    Ok(tokio::time::timeout(LIMIT, work).await.map_err(late)?.map_err(failed)?.items)
}

impl Look<'_> {
    /// One after the other: whoever is the first to read what a tenant has keeps it for the others.
    pub(super) async fn vulnerable(&self) -> Vulnerable {
        (self.vulnerabilities().await, self.software().await, self.recommendations().await)
    }

    fn range(&self, descending: bool) -> Range {
        Range { descending, limit: u32::try_from(self.most).unwrap_or(u32::MAX), cursor: None }
    }

    /// Addresses and ranges are in no name of these.
    fn asks(&self, part: SearchPart) -> Option<String> {
        let asked = !self.skips(part) && self.input.network.is_none() && !self.input.is(InputKind::Cidr);
        asked.then(|| self.input.text.clone())
    }

    async fn vulnerabilities(&self) -> Part<FoundVulnerability> {
        let Some(search) = self.asks(SearchPart::Vulnerabilities) else { return Ok(Vec::new()) };
        let wanted = WeaknessQuery {
            search: Some(search),
            sort: WeaknessSort::Severity,
            range: self.range(true),
            ..WeaknessQuery::default()
        };
        let (state, tenant, scope) = (&self.api.config.state, self.caller.tenant(), self.caller.devices());
        let found = bounded(Box::pin(state.weaknesses(tenant, scope, &wanted, TimeMicros::now()))).await?;
        let shown = |w: palisade_state::vulnerabilities::Weakness| FoundVulnerability {
            id: w.id,
            title: w.title,
            severity: w.severity,
            exploited: w.exploited,
            devices: w.devices,
        };
        Ok(found.into_iter().map(shown).collect())
    }

    async fn software(&self) -> Part<FoundSoftware> {
        let Some(search) = self.asks(SearchPart::Software) else { return Ok(Vec::new()) };
        let wanted = SoftwareQuery {
            search: Some(search),
            sort: SoftwareSort::Name,
            range: self.range(false),
            ..SoftwareQuery::default()
        };
        let (state, tenant, scope) = (&self.api.config.state, self.caller.tenant(), self.caller.devices());
        let found = bounded(Box::pin(state.software(tenant, scope, &wanted, TimeMicros::now()))).await?;
        let shown = |s: palisade_state::vulnerabilities::Software| FoundSoftware {
            id: s.id,
            name: s.name,
            vendor: s.vendor,
            ecosystem: s.ecosystem,
            weaknesses: s.vulnerabilities,
            devices: s.devices,
        };
        Ok(found.into_iter().map(shown).collect())
    }

    async fn recommendations(&self) -> Part<FoundRecommendation> {
        let Some(search) = self.asks(SearchPart::Recommendations) else { return Ok(Vec::new()) };
        let wanted = RecommendationQuery {
            search: Some(search),
            sort: RecommendationSort::Effect,
            range: self.range(true),
            ..RecommendationQuery::default()
        };
        let (state, tenant, scope) = (&self.api.config.state, self.caller.tenant(), self.caller.devices());
        let found =
            bounded(Box::pin(state.vulnerability_recommendations(tenant, scope, &wanted, TimeMicros::now())))
                .await?;
        let shown = |r: palisade_state::vulnerabilities::Recommendation| FoundRecommendation {
            id: r.id,
            remediation_type: r.kind,
            related_component: r.product,
            recommended_version: r.target,
            severity: r.severity,
            devices: r.devices,
        };
        Ok(found.into_iter().map(shown).collect())
    }
}
