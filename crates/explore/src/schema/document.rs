//! The schema for a builder of queries.

use serde::Serialize;

use super::{InsightId, Kind, Operator, Reading, TableId, ValueShape, ValueType, schema};

/// Everything that a builder needs.
#[derive(Clone, Debug, Serialize)]
pub struct SchemaDocument {
    /// The version that queries name.
    pub version: u32,
    /// Headings of the picker, in order.
    pub categories: Vec<CategoryDocument>,
    /// Types and groups, in order.
    pub types: Vec<TypeDocument>,
    /// Insights, in order.
    pub insights: Vec<InsightDocument>,
    /// Operators, in order.
    pub operators: Vec<OperatorDocument>,
    /// Names of the feeds that fill the graph.
    pub sources: Vec<&'static str>,
}

/// A heading of the picker.
#[derive(Clone, Debug, Serialize)]
pub struct CategoryDocument {
    /// Stable name.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
}

/// A type or a group.
#[derive(Clone, Debug, Serialize)]
pub struct TypeDocument {
    /// Stable name.
    pub name: Kind,
    /// Name for people.
    pub title: &'static str,
    /// Its category's name.
    pub category: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Whether the picker shows it in front as well.
    pub popular: bool,
    /// Whether it stands for its members only.
    pub group: bool,
    /// The group that it is in.
    pub member_of: Option<Kind>,
    /// The feed that fills it.
    pub source: &'static str,
    /// What its nodes can be asked for.
    pub properties: Vec<PropertyDocument>,
    /// What can follow after "That".
    pub follows: Vec<Follow>,
}

/// What can follow after "That".
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Follow {
    /// An insight; `insights` has the rest.
    Insight {
        /// Which one.
        insight: InsightId,
    },
    /// A connection.
    Connection {
        /// Which one, in which reading.
        connection: Reading,
        /// The reading for people.
        title: &'static str,
        /// The same connection as it is read from the other side.
        reverse: Reading,
        /// Types and groups that it can lead to.
        to: Vec<Kind>,
    },
}

/// A property that can be asked for.
#[derive(Clone, Debug, Serialize)]
pub struct PropertyDocument {
    /// Stable name.
    pub name: &'static str,
    /// Name for people.
    pub title: &'static str,
    /// What kind of value it has.
    #[serde(rename = "type")]
    pub value: ValueType,
    /// What a picker shows; empty where anything can be written.
    pub values: Vec<&'static str>,
    /// How it can be compared.
    pub operators: Vec<Operator>,
}

/// An insight.
#[derive(Clone, Debug, Serialize)]
pub struct InsightDocument {
    /// Stable name.
    pub name: InsightId,
    /// Name for people.
    pub title: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// What it can be asked for.
    pub properties: Vec<PropertyDocument>,
}

/// An operator.
#[derive(Clone, Debug, Serialize)]
pub struct OperatorDocument {
    /// Stable name.
    pub name: Operator,
    /// Name for people.
    pub title: &'static str,
    /// What it is given.
    pub value: ValueShape,
}

/// The schema as a document.
pub fn document() -> SchemaDocument {
    let schema = schema();
    SchemaDocument {
        version: schema.version,
        categories: schema
            .categories
            .iter()
            .map(|c| CategoryDocument { name: c.name, title: c.title })
            .collect(),
        types: schema.kinds().map(type_document).collect(),
        insights: (0..schema.insights.len()).map(InsightId::at).map(insight_document).collect(),
        operators: Operator::ALL
            .into_iter()
            .map(|o| OperatorDocument { name: o, title: o.title(), value: o.shape() })
            .collect(),
        sources: schema.sources.clone(),
    }
}

fn property(table: TableId, at: usize, name: &'static str, title: &'static str) -> PropertyDocument {
    let spec = &schema().table(table).properties[at];
    let values = if spec.value == ValueType::Bool { vec!["true", "false"] } else { spec.values.clone() };
    PropertyDocument {
        name,
        title,
        value: spec.value,
        values,
        operators: Operator::ALL.into_iter().filter(|o| o.fits(spec.value)).collect(),
    }
}

fn type_document(kind: Kind) -> TypeDocument {
    let schema = schema();
    let spec = schema.type_of(kind);
    let table = schema.table(spec.table);
    let mut follows: Vec<Follow> = (0..schema.insights.len())
        .filter(|i| schema.insights[*i].on.contains(&spec.table))
        .map(|i| Follow::Insight { insight: InsightId::at(i) })
        .collect();
    for at in 0..schema.readings.len() {
        let reading = Reading::at(at);
        let reached: Vec<TableId> = schema.links(reading, spec.table).map(|l| l.to).collect();
        if reached.is_empty() {
            continue;
        }
        let to = schema.kinds().filter(|k| reached.contains(&schema.type_of(*k).table)).collect();
        follows.push(Follow::Connection {
            connection: reading,
            title: reading.title(),
            reverse: reading.reverse(),
            to,
        });
    }
    TypeDocument {
        name: kind,
        title: spec.title,
        category: schema.categories[spec.category].name,
        description: spec.description,
        popular: spec.popular,
        group: spec.is_group,
        member_of: spec.group,
        source: table.source,
        properties: table
            .properties
            .iter()
            .enumerate()
            .map(|(i, p)| property(spec.table, i, p.name, p.title))
            .collect(),
        follows,
    }
}

fn insight_document(insight: InsightId) -> InsightDocument {
    let spec = schema().insight_of(insight);
    let about = spec.about(spec.on[0]);
    InsightDocument {
        name: insight,
        title: spec.title,
        description: spec.description,
        properties: spec.properties.iter().map(|p| property(about, p.property, p.name, p.title)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_builder_finds_what_the_four_health_queries_need() {
        let d = serde_json::to_value(document()).unwrap();
        let types = d["types"].as_array().unwrap();
        let of = |name: &str| types.iter().find(|t| t["name"] == name).unwrap();
        let machines = of("virtual_machines");
        assert_eq!(machines["group"], true);
        let follow = |name: &str| {
            let follows = machines["follows"].as_array().unwrap().iter();
            follows.filter(|f| f["connection"] == name || f["insight"] == name).count()
        };
        assert_eq!((follow("is_affected_by"), follow("is_running"), follow("is_applicable")), (1, 1, 1));
        assert_eq!(of("health_finding")["category"], "health");
        let insights = d["insights"].as_array().unwrap();
        let applicable = insights.iter().find(|i| i["name"] == "is_applicable").unwrap();
        let status = &applicable["properties"][0];
        assert_eq!(
            (&status["name"], &status["values"]),
            (&"status".into(), &serde_json::json!(["true", "false"]))
        );
        assert!(status["operators"].as_array().unwrap().contains(&"equals".into()));
    }

    #[test]
    fn a_reading_leads_to_groups_and_their_members() {
        let finding = type_document(Kind::named("health_finding").unwrap());
        let to = finding
            .follows
            .iter()
            .find_map(|f| match f {
                Follow::Connection { connection, to, .. } if connection.name() == "affects" => Some(to),
                _ => None,
            })
            .unwrap();
        let names: Vec<&str> = to.iter().map(|k| k.name()).collect();
        assert_eq!(names, ["virtual_machines", "ec2_instance", "cloud_instance", "connected_server"]);
    }

    #[test]
    fn each_reading_has_another_that_leads_back() {
        let schema = schema();
        for reading in (0..schema.readings.len()).map(Reading::at) {
            let back = reading.reverse();
            assert!(back != reading && back.reverse() == reading);
            let there = &schema.readings[reading.index()].links;
            let mirrored = schema.readings[back.index()].links.iter().map(|l| (l.to, l.from));
            assert!(there.iter().map(|l| (l.from, l.to)).eq(mirrored), "{reading} and {back}");
        }
    }
}
