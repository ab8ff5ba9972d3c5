//! Rights that nobody would miss before the first render: those by which AWS itself works in the
//! name of one of the farm's roles, and those that a second policy must give too.
//!
//! What the farm's own programs do is tried out with them. A stack in which one of these is missing
//! deploys all the same, and then no task starts, or a lost event is lost for good.
#![expect(clippy::expect_used, reason = "a failing test panics")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use stack::farm::{FarmConfig, MAX_BLENDERS, MAX_NAME};
use stack::template::{AwsNames, Document, Inputs, Names as _, Resolved, resolve};
use support::{changed, document, farm_text, inputs, standard, statement};

const WRITE_LOG: &[&str] = &["logs:CreateLogStream", "logs:PutLogEvents"];
/// What reads and writes objects in a bucket with a key of the owner's.
const USE_KEY: &[&str] = &["kms:Decrypt", "kms:GenerateDataKey"];
const KEY: &str = "arn:aws:kms:eu-west-1:123456789012:key/0f0e";
/// What tells of each end once.
const TELL_ONCE: &[&str] = &["s3:GetObject", "s3:PutObject"];
const PULL: &[&str] = &["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// Something that a role must be allowed: its logical id, the action, and the resource.
type Right = (String, &'static str, String);

/// A farm whose every value is known.
struct Farm {
    resolved: Resolved,
    named: Vec<Named>,
}

/// What a resource is known by.
struct Named {
    id: String,
    kind: String,
    reference: String,
    arn: String,
}

impl Farm {
    /// With a key of the owner's, and somebody who is told, so that the statements under a condition are there too.
    fn of(document: &Document) -> Self {
        let inputs = inputs(document).with("KmsKeyArn", KEY).with("Email", "artist@example.org");
        let names = AwsNames::new(&inputs);
        let resolved = resolve(document, &inputs, &names).expect("a farm");
        let named = resolved.resources.iter().map(|(id, resource)| {
            let reference = names.reference(id, resource).unwrap_or_default();
            let arn = names.attribute(id, resource, "Arn");
            // What has no such attribute is referred to by its ARN.
            let arn =
                arn.and_then(|arn| arn.as_str().map(str::to_owned)).unwrap_or_else(|| reference.clone());
            Named { id: id.clone(), kind: resource.kind.clone(), reference, arn }
        });
        let named = named.collect();
        Self { resolved, named }
    }

    fn of_type(&self, kind: &str) -> Vec<(&Named, &Json)> {
        let of_type = self.named.iter().filter(|named| named.kind == kind);
        of_type.map(|named| (named, &self.resolved.resources[&named.id].properties)).collect()
    }

    /// The ARN of what a property refers to.
    fn arn(&self, reference: &Json) -> &str {
        let found = self.named.iter().find(|named| *reference == named.reference.as_str());
        &found.expect("a reference to something in the template").arn
    }

    /// The logical id of the role that a property names by its ARN.
    fn role(&self, arn: &Json) -> &str {
        let (found, _) = self
            .of_type("AWS::IAM::Role")
            .into_iter()
            .find(|(role, _)| *arn == role.arn.as_str())
            .expect("a role of the template");
        &found.id
    }

    /// All that must be allowed.
    fn wanted(&self) -> Vec<Right> {
        let mut wanted = Vec::new();
        let mut want = |role: &Json, actions: &[&'static str], resource: &str| {
            let role = self.role(role);
            wanted.extend(actions.iter().map(|action| (role.to_owned(), *action, resource.to_owned())));
        };
        let definitions = self.of_type("AWS::Batch::JobDefinition");
        for (_, definition) in &definitions {
            let task = &definition["EcsProperties"]["TaskProperties"][0];
            let role = &task["ExecutionRoleArn"];
            want(role, &["ecr:GetAuthorizationToken"], "*");
            for (images, _) in self.of_type("AWS::ECR::Repository") {
                want(role, PULL, &images.arn);
            }
            let options = &task["Containers"][0]["LogConfiguration"]["Options"];
            want(role, WRITE_LOG, self.arn(&options["awslogs-group"]));
            want(&task["TaskRoleArn"], USE_KEY, KEY);
        }
        for (_, function) in self.of_type("AWS::Lambda::Function") {
            let role = &function["Role"];
            want(role, WRITE_LOG, self.arn(&function["LoggingConfig"]["LogGroup"]));
            want(role, USE_KEY, KEY);
            for (_, retries) in self.of_type("AWS::Lambda::EventInvokeConfig") {
                let lost = &retries["DestinationConfig"]["OnFailure"]["Destination"];
                want(role, &["sqs:SendMessage"], lost.as_str().expect("an ARN"));
            }
            for (queue, _) in self.of_type("AWS::Batch::JobQueue") {
                want(role, &["batch:SubmitJob"], &queue.arn);
            }
            for (topic, _) in self.of_type("AWS::SNS::Topic") {
                want(role, &["sns:Publish"], &topic.arn);
            }
            for (bucket, _) in self.of_type("AWS::S3::Bucket") {
                want(role, TELL_ONCE, &format!("{}/.farm/renders/0123/notices/partial.json", bucket.arn));
            }
            // Batch asks for the definition with its revision, or without, as it was named.
            for (definition, _) in &definitions {
                let (name, _) = definition.arn.rsplit_once(':').expect("a revision");
                want(role, &["batch:SubmitJob"], name);
                want(role, &["batch:SubmitJob"], &format!("{name}:7"));
            }
        }
        wanted
    }

    /// What of it no statement of the role allows.
    fn missing(&self) -> Vec<Right> {
        let mut wanted = self.wanted();
        assert!(wanted.len() > 20, "hardly anything is wanted: {wanted:?}");
        wanted.retain(|(role, action, resource)| {
            !self.allowed(role).iter().any(|(granted, on)| granted == action && matches(on, resource))
        });
        wanted
    }

    /// Actions that a role's statements allow, each with a resource.
    fn allowed(&self, role: &str) -> Vec<(String, String)> {
        let policies = &self.resolved.resources[role].properties["Policies"];
        let statements = policies[0]["PolicyDocument"]["Statement"].as_array().expect("statements");
        let mut allowed = Vec::new();
        for statement in statements.iter().filter(|statement| statement["Effect"] == "Allow") {
            for action in texts(&statement["Action"]) {
                allowed.extend(texts(&statement["Resource"]).into_iter().map(|on| (action.clone(), on)));
            }
        }
        allowed
    }
}

fn texts(list: &Json) -> Vec<String> {
    list.as_array().expect("a list").iter().filter_map(Json::as_str).map(str::to_owned).collect()
}

/// As IAM matches a resource.
fn matches(pattern: &str, resource: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == resource,
        Some((start, rest)) => resource.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len()).any(|at| tail.get(at..).is_some_and(|tail| matches(rest, tail)))
        }),
    }
}

#[test]
fn what_aws_does_in_the_name_of_a_role_is_allowed() {
    let text = farm_text(&standard());
    assert_eq!(Farm::of(&document(&text)).missing(), []);
    for (role, sid) in [
        ("ExecutionRole", "LogIntoRegistry"),
        ("ExecutionRole", "PullImage"),
        ("ExecutionRole", "WriteLog"),
        ("RenderRole", "UseKey"),
        ("TriggerRole", "KeepLostEvents"),
        ("TriggerRole", "Submit"),
        ("TriggerRole", "Tell"),
        ("TriggerRole", "TellOnce"),
        ("TriggerRole", "UseKey"),
        ("TriggerRole", "WriteLog"),
        ("ZipRole", "UseKey"),
    ] {
        let effect = format!("{}.Effect", statement(&text, role, sid));
        let without = Farm::of(&changed(&text, &effect, Some("Deny")));
        assert_ne!(without.missing(), [], "nobody misses {sid} of {role}");
    }
}

/// Tasks reach the bucket by the endpoint alone: its policy must let pass what their roles allow,
/// and has no reason to let pass more.
#[test]
fn what_tasks_do_with_the_bucket_passes_the_endpoint() {
    let farm = Farm::of(&document(&farm_text(&standard())));
    let tasks: BTreeSet<&str> = farm
        .of_type("AWS::Batch::JobDefinition")
        .into_iter()
        .map(|(_, definition)| farm.role(&definition["EcsProperties"]["TaskProperties"][0]["TaskRoleArn"]))
        .collect();
    assert_eq!(tasks, BTreeSet::from(["RenderRole", "ZipRole"]));
    let allowed = tasks.into_iter().flat_map(|role| farm.allowed(role)).map(|(action, _)| action);
    let done: BTreeSet<String> = allowed.filter(|action| action.starts_with("s3:")).collect();
    let [(_, endpoint)] = farm.of_type("AWS::EC2::VPCEndpoint")[..] else { panic!("there is one endpoint") };
    let passes = texts(&endpoint["PolicyDocument"]["Statement"][0]["Action"]);
    assert_eq!(done, passes.into_iter().collect());
}

/// IAM takes 10,240 characters of policies in a role, white space not counted.
#[test]
fn the_policies_of_the_largest_farm_fit_into_their_roles() {
    let versions: Vec<_> =
        (2..10).map(|minor| format!("4.{minor}")).chain((0..10).map(|minor| format!("5.{minor}"))).collect();
    let blenders = versions[..MAX_BLENDERS].iter().map(|version| version.parse().expect("a version"));
    let config = FarmConfig::new(blenders.collect()).expect("a farm");
    let document = document(&farm_text(&config));
    let stack = "s".repeat(MAX_NAME);
    let region = "ap-southeast-1";
    let mut inputs = Inputs::new(&stack, "123456789012", region)
        .with("Email", "artist@example.org")
        .with("KmsKeyArn", &format!("arn:aws:kms:{region}:123456789012:key/{}", "0".repeat(36)));
    for (name, value) in support::inputs(&document).parameters {
        inputs = inputs.with(&name, &value);
    }
    let resolved = resolve(&document, &inputs, &AwsNames::new(&inputs)).expect("a farm");
    let mut sizes = BTreeMap::new();
    for (id, role) in resolved.resources.iter().filter(|(_, resource)| resource.kind == "AWS::IAM::Role") {
        let policies = role.properties["Policies"].as_array().expect("policies");
        let size: usize = policies.iter().map(|policy| policy["PolicyDocument"].to_string().len()).sum();
        assert!(size <= 10_240, "{id}: {size} characters");
        sizes.insert(id.clone(), size);
    }
    assert!(sizes["TriggerRole"] > 5_000, "it grows with the Blenders: {sizes:?}");
}
