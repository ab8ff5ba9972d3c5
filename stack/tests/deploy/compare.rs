//! What a template asked for, held against what the services say.

use serde_json::Value;
use stack::template::Resolved;

/// Properties that no service shows, each with why.
const UNSHOWN: [(&str, &str); 5] = [
    // How CloudFormation updates it; Batch knows nothing of it.
    ("AWS::Batch::ComputeEnvironment", "ReplaceComputeEnvironment"),
    // The same.
    ("AWS::Batch::JobDefinition", "ResourceRetentionPolicy"),
    // What CloudFormation does before it deletes.
    ("AWS::ECR::Repository", "EmptyOnDelete"),
    // Lambda copies the code, and tells its digest only.
    ("AWS::Lambda::Function", "Code.S3Bucket"),
    ("AWS::Lambda::Function", "Code.S3Key"),
];

/// Lists in which the order says nothing, so that services keep none.
const UNORDERED: [&str; 5] = ["Tags", "Subnets", "Environment", "Policies", "SecurityGroupEgress"];

/// What nobody but us says anything in: more than was asked for is a difference as well. Elsewhere
/// services add what holds by default.
const WHOLE: [&str; 6] = [
    "AssumeRolePolicyDocument",
    "EventPattern",
    "LifecycleConfiguration",
    "Options",
    "PolicyDocument",
    "Variables",
];

/// Lists that let somebody do something: where none is asked for, there is to be none.
const GRANTS: [(&str, &str); 2] =
    [("AWS::EC2::SecurityGroup", "SecurityGroupIngress"), ("AWS::IAM::Role", "ManagedPolicyArns")];

/// Every way in which what is read is not what was asked for, a sentence each.
pub fn differences(asked: &Resolved, read: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for (id, resource) in &asked.resources {
        match read.get(id) {
            None => found.push(format!("{id}: asked, and not there")),
            Some(there) if there["Type"] != resource.kind.as_str() => {
                found.push(format!("{id}: asked for a {}, found a {}", resource.kind, there["Type"]));
            }
            Some(there) => {
                let mut comparison = Comparison { kind: &resource.kind, found: &mut found };
                comparison.value(id, "", &resource.properties, Some(&there["Properties"]));
                comparison.grants(id, &resource.properties, &there["Properties"]);
            }
        }
    }
    for id in read.as_object().into_iter().flat_map(|read| read.keys()) {
        if !asked.resources.contains_key(id) {
            found.push(format!("{id}: there, and not asked for"));
        }
    }
    found
}

/// How many values were asked for.
pub fn count(value: &Value) -> usize {
    match value {
        Value::Object(entries) => entries.values().map(count).sum(),
        Value::Array(items) => items.iter().map(count).sum(),
        _ => 1,
    }
}

/// What is asked for by none of the template's resources of a type, of what no service shows.
pub fn stale(asked: &Resolved) -> Vec<&'static str> {
    let asks = |kind: &str, property: &str| {
        let pointer = format!("/{}", property.replace('.', "/"));
        let mut of_kind = asked.resources.values().filter(|resource| resource.kind == kind);
        of_kind.any(|resource| resource.properties.pointer(&pointer).is_some())
    };
    UNSHOWN
        .into_iter()
        .filter(|(kind, property)| !asks(kind, property))
        .map(|(_, property)| property)
        .collect()
}

struct Comparison<'a> {
    kind: &'a str,
    found: &'a mut Vec<String>,
}

impl Comparison<'_> {
    /// `path` is that of the resource and the property; `property` that of the property alone.
    fn value(&mut self, path: &str, property: &str, asked: &Value, read: Option<&Value>) {
        if UNSHOWN.contains(&(self.kind, property)) {
            return;
        }
        match (asked, read) {
            (Value::Object(asked), Some(Value::Object(read))) => {
                for (name, value) in asked {
                    let property =
                        if property.is_empty() { name.clone() } else { format!("{property}.{name}") };
                    self.value(&format!("{path}.{name}"), &property, value, read.get(name));
                }
                let is_whole = property.split('.').any(|name| WHOLE.contains(&name));
                for (name, value) in read.iter().filter(|(name, _)| is_whole && !asked.contains_key(*name)) {
                    self.found.push(format!("{path}.{name}: not asked for, found {value}"));
                }
            }
            (Value::Array(asked), Some(Value::Array(read))) => self.list(path, property, asked, read),
            (asked, Some(read)) if same(asked, read) => {}
            (asked, read) => {
                let read = read.unwrap_or(&Value::Null);
                self.found.push(format!("{path}: asked {asked}, found {read}"));
            }
        }
    }

    fn list(&mut self, path: &str, property: &str, asked: &[Value], read: &[Value]) {
        if asked.len() != read.len() {
            self.found.push(format!("{path}: asked {} items, found {}", asked.len(), read.len()));
            return;
        }
        let unordered = property.rsplit('.').next().is_some_and(|name| UNORDERED.contains(&name));
        let mut asked: Vec<(usize, &Value)> = asked.iter().enumerate().collect();
        let mut read: Vec<&Value> = read.iter().collect();
        if unordered {
            // Each takes away the one that fits, so that no two share it.
            asked.retain(|(_, item)| {
                let fitting = read.iter().position(|read| self.fits(property, item, read));
                fitting.map(|at| read.remove(at)).is_none()
            });
        }
        for ((at, item), read) in asked.into_iter().zip(read) {
            self.value(&format!("{path}[{at}]"), property, item, Some(read));
        }
    }

    fn grants(&mut self, path: &str, asked: &Value, read: &Value) {
        for (_, name) in GRANTS.iter().filter(|(kind, name)| *kind == self.kind && asked.get(name).is_none())
        {
            match read.get(name) {
                Some(Value::Array(items)) if items.is_empty() => {}
                // Nobody looked, or something is there.
                read => {
                    let read = read.unwrap_or(&Value::Null);
                    self.found.push(format!("{path}.{name}: asked for none, found {read}"));
                }
            }
        }
    }

    fn fits(&self, property: &str, asked: &Value, read: &Value) -> bool {
        let mut found = Vec::new();
        Comparison { kind: self.kind, found: &mut found }.value("", property, asked, Some(read));
        found.is_empty()
    }
}

/// Whether two values are the same to CloudFormation, which takes a number for its text.
fn same(asked: &Value, read: &Value) -> bool {
    match (asked, read) {
        (Value::Number(asked), Value::Number(read)) => asked.as_f64() == read.as_f64(),
        (Value::String(text), Value::Number(number)) | (Value::Number(number), Value::String(text)) => {
            text.parse::<f64>().ok() == number.as_f64()
        }
        (Value::String(text), Value::Bool(truth)) | (Value::Bool(truth), Value::String(text)) => {
            *text == truth.to_string()
        }
        (Value::String(asked), Value::String(read)) => asked == read || same_json(asked, read),
        (asked, read) => asked == read,
    }
}

/// A text that holds JSON is the same however it is laid out.
fn same_json(asked: &str, read: &str) -> bool {
    let json = |text: &str| serde_json::from_str::<Value>(text).ok().filter(|value| !value.is_string());
    json(asked).is_some_and(|asked| json(read) == Some(asked))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;
    use stack::template::ResolvedResource;

    use super::*;

    fn asked(properties: Value) -> Resolved {
        let resource = ResolvedResource {
            kind: "AWS::S3::Bucket".to_owned(),
            properties,
            depends_on: Vec::new(),
            metadata: Value::Null,
        };
        Resolved {
            parameters: BTreeMap::new(),
            conditions: BTreeMap::new(),
            resources: BTreeMap::from([("It".to_owned(), resource)]),
            order: Vec::new(),
            outputs: BTreeMap::new(),
        }
    }

    fn found(properties: Value, read: Value) -> Vec<String> {
        differences(&asked(properties), &json!({"It": {"Type": "AWS::S3::Bucket", "Properties": read}}))
    }

    #[test]
    fn what_is_the_same_to_cloudformation_is_no_difference() {
        let properties =
            json!({"Days": "30", "On": true, "Tags": [{"Key": "a"}, {"Key": "b"}], "Body": "{\"a\": 1}"});
        let read = json!({"Days": 30, "On": "true", "Tags": [{"Key": "b"}, {"Key": "a"}], "Body": "{\"a\":1}", "More": 1});
        assert_eq!(found(properties, read), Vec::<String>::new());
    }

    #[test]
    fn a_difference_is_told_with_its_place() {
        let properties = json!({"A": {"B": [{"C": 1}, {"C": 2}]}, "Gone": "x", "List": [1, 2]});
        let read = json!({"A": {"B": [{"C": 1}, {"C": 3}]}, "List": [1, 2, 3]});
        assert_eq!(
            found(properties, read),
            [
                "It.A.B[1].C: asked 2, found 3",
                "It.Gone: asked \"x\", found null",
                "It.List: asked 2 items, found 3"
            ]
        );
    }

    #[test]
    fn what_is_added_where_nobody_but_us_says_anything_is_told() {
        let deny = json!({"PolicyDocument": {"Statement": [{"Effect": "Deny"}]}});
        let weakened = json!({"PolicyDocument": {"Statement": [{"Effect": "Deny", "Condition": {}}]}});
        let told = ["It.PolicyDocument.Statement[0].Condition: not asked for, found {}"];
        assert_eq!(found(deny, weakened), told);
    }

    #[test]
    fn two_items_without_an_order_are_not_found_in_one() {
        let asked = json!({"Tags": [{"Key": "a"}, {"Key": "a"}]});
        assert_eq!(
            found(asked, json!({"Tags": [{"Key": "a"}, {"Key": "b"}]})),
            ["It.Tags[1].Key: asked \"a\", found \"b\""]
        );
    }

    #[test]
    fn a_grant_that_nobody_asked_for_is_told_and_so_is_one_that_nobody_looked_for() {
        let mut asked = asked(json!({}));
        asked.resources.get_mut("It").unwrap().kind = "AWS::IAM::Role".to_owned();
        let found =
            |read: Value| differences(&asked, &json!({"It": {"Type": "AWS::IAM::Role", "Properties": read}}));
        assert_eq!(found(json!({"ManagedPolicyArns": []})), Vec::<String>::new());
        assert_eq!(found(json!({"ManagedPolicyArns": ["a"]})).len(), 1);
        assert_eq!(found(json!({})).len(), 1);
    }

    #[test]
    fn a_resource_too_few_or_too_many_is_told() {
        let read = json!({"Other": {"Type": "AWS::S3::Bucket", "Properties": {}}});
        assert_eq!(
            differences(&asked(json!({})), &read),
            ["It: asked, and not there", "Other: there, and not asked for"]
        );
        let read = json!({"It": {"Type": "AWS::SQS::Queue", "Properties": {}}});
        assert_eq!(differences(&asked(json!({})), &read).len(), 1);
    }
}
