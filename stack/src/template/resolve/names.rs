//! Names as AWS forms them, for whoever works a template out without AWS: the ARNs have their
//! right parts, and what AWS would draw at random is the stack's name with the logical id. Of a
//! stack that stands, what was drawn can be told.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::{Inputs, Names, ResolvedResource};

/// What the resources of a stack are known by. The types that the farm uses are known, with the
/// attributes that references ask for; no other is guessed at.
#[derive(Debug, Clone, Copy)]
pub struct AwsNames<'a> {
    inputs: &'a Inputs,
    physical: Option<&'a BTreeMap<String, String>>,
}

/// What a resource is known by.
struct Known {
    reference: String,
    attributes: Vec<(&'static str, String)>,
}

impl<'a> AwsNames<'a> {
    /// The names in this stack, account and region.
    pub const fn new(inputs: &'a Inputs) -> Self {
        Self { inputs, physical: None }
    }

    /// The names in a stack that stands, whose resources have these physical ids.
    pub const fn of_stack(inputs: &'a Inputs, physical: &'a BTreeMap<String, String>) -> Self {
        Self { inputs, physical: Some(physical) }
    }

    fn physical(self, id: &str) -> Option<&'a str> {
        self.physical?.get(id).map(String::as_str)
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:REST`.
    fn arn(self, service: &str, rest: &str) -> String {
        let Inputs { partition, region, account_id, .. } = self.inputs;
        format!("arn:{partition}:{service}:{region}:{account_id}:{rest}")
    }

    /// The name that the template gives, or else the one that AWS drew, or else one that it might.
    fn name(self, id: &str, resource: &ResolvedResource, property: &str) -> String {
        let given = resource.properties.get(property).and_then(Json::as_str);
        let drawn = self.physical(id).map(|physical| match physical.starts_with("arn:") {
            true => physical.rsplit([':', '/']).next().unwrap_or(physical),
            // The id of a queue is its address; other names have no slash before the last part.
            false if physical.starts_with("http") => physical.rsplit('/').next().unwrap_or(physical),
            false => physical,
        });
        given.or(drawn).map_or_else(|| format!("{}-{id}", self.inputs.stack_name), str::to_owned)
    }

    fn known(self, id: &str, resource: &ResolvedResource) -> Option<Known> {
        let Inputs { partition, region, account_id, url_suffix, .. } = self.inputs;
        let name = |property: &str| self.name(id, resource, property);
        let known = match resource.kind.as_str() {
            "AWS::Batch::ComputeEnvironment" => {
                let name = name("ComputeEnvironmentName");
                by_arn(self.arn("batch", &format!("compute-environment/{name}")), "ComputeEnvironmentArn")
            }
            "AWS::Batch::JobDefinition" => {
                let name = name("JobDefinitionName");
                by_arn(self.arn("batch", &format!("job-definition/{name}:1")), "JobDefinitionArn")
            }
            "AWS::Batch::JobQueue" => {
                by_arn(self.arn("batch", &format!("job-queue/{}", name("JobQueueName"))), "JobQueueArn")
            }
            "AWS::Batch::SchedulingPolicy" => {
                by_arn(self.arn("batch", &format!("scheduling-policy/{}", name("Name"))), "Arn")
            }
            "AWS::CloudWatch::Alarm" => {
                let name = name("AlarmName");
                let arn = self.arn("cloudwatch", &format!("alarm:{name}"));
                Known { reference: name, attributes: vec![("Arn", arn)] }
            }
            "AWS::CloudWatch::Dashboard" => by_name(name("DashboardName")),
            "AWS::EC2::InternetGateway" => by_id("igw", &name(""), "InternetGatewayId"),
            "AWS::EC2::RouteTable" => by_id("rtb", &name(""), "RouteTableId"),
            "AWS::EC2::SecurityGroup" => by_id("sg", &name(""), "GroupId"),
            "AWS::EC2::Subnet" => by_id("subnet", &name(""), "SubnetId"),
            "AWS::EC2::SubnetRouteTableAssociation" => by_id("rtbassoc", &name(""), "Id"),
            "AWS::EC2::VPC" => by_id("vpc", &name(""), "VpcId"),
            "AWS::EC2::VPCEndpoint" => by_id("vpce", &name(""), "Id"),
            "AWS::ECR::Repository" => {
                // A name in this registry has no capitals.
                let name = name("RepositoryName").to_lowercase();
                let arn = self.arn("ecr", &format!("repository/{name}"));
                let uri = format!("{account_id}.dkr.ecr.{region}.{url_suffix}/{name}");
                Known { reference: name, attributes: vec![("Arn", arn), ("RepositoryUri", uri)] }
            }
            "AWS::Events::Rule" => {
                let name = name("Name");
                let arn = self.arn("events", &format!("rule/{name}"));
                Known { reference: name, attributes: vec![("Arn", arn)] }
            }
            "AWS::IAM::Role" => {
                let name = name("RoleName");
                let arn = format!("arn:{partition}:iam::{account_id}:role/{name}");
                Known { reference: name, attributes: vec![("Arn", arn)] }
            }
            "AWS::Lambda::Function" => {
                let name = name("FunctionName");
                let arn = self.arn("lambda", &format!("function:{name}"));
                Known { reference: name, attributes: vec![("Arn", arn)] }
            }
            "AWS::Logs::LogGroup" => {
                let name = name("LogGroupName");
                let arn = self.arn("logs", &format!("log-group:{name}:*"));
                Known { reference: name, attributes: vec![("Arn", arn)] }
            }
            "AWS::S3::Bucket" => {
                // Nor has a bucket's.
                let name = name("BucketName").to_lowercase();
                let attributes = vec![
                    ("Arn", format!("arn:{partition}:s3:::{name}")),
                    ("DomainName", format!("{name}.s3.{url_suffix}")),
                    ("RegionalDomainName", format!("{name}.s3.{region}.{url_suffix}")),
                ];
                Known { reference: name, attributes }
            }
            "AWS::SNS::Topic" => {
                let name = name("TopicName");
                let arn = self.arn("sns", &name);
                Known { reference: arn.clone(), attributes: vec![("TopicArn", arn), ("TopicName", name)] }
            }
            "AWS::SNS::Subscription" => by_arn(self.arn("sns", &name("")), "Arn"),
            "AWS::SQS::Queue" => {
                let name = name("QueueName");
                let arn = self.arn("sqs", &name);
                let url = format!("https://sqs.{region}.{url_suffix}/{account_id}/{name}");
                let attributes = vec![("Arn", arn), ("QueueName", name), ("QueueUrl", url.clone())];
                Known { reference: url, attributes }
            }
            // Nobody asks for more of these than that they stand.
            "AWS::EC2::Route"
            | "AWS::EC2::VPCGatewayAttachment"
            | "AWS::Lambda::EventInvokeConfig"
            | "AWS::Lambda::Permission"
            | "AWS::S3::BucketPolicy"
            | "AWS::SNS::TopicPolicy"
            | "AWS::SQS::QueuePolicy" => by_name(name("")),
            _ => return None,
        };
        Some(known)
    }
}

impl Names for AwsNames<'_> {
    fn reference(&self, id: &str, resource: &ResolvedResource) -> Option<String> {
        let known = self.known(id, resource)?;
        Some(self.physical(id).map_or(known.reference, str::to_owned))
    }

    fn attribute(&self, id: &str, resource: &ResolvedResource, attribute: &str) -> Option<Json> {
        let Known { reference, attributes } = self.known(id, resource)?;
        let (_, value) = attributes.into_iter().find(|(name, _)| *name == attribute)?;
        // What a resource is known by is also one of its attributes, as a rule.
        let physical = self.physical(id).filter(|_| value == reference);
        Some(Json::from(physical.map_or(value, str::to_owned)))
    }
}

fn by_name(reference: String) -> Known {
    Known { reference, attributes: Vec::new() }
}

fn by_arn(arn: String, attribute: &'static str) -> Known {
    Known { reference: arn.clone(), attributes: vec![(attribute, arn)] }
}

/// EC2's ids are a prefix and 17 hexadecimal digits; these come from the name by FNV-1a, the same
/// on every machine.
fn by_id(prefix: &str, name: &str, attribute: &'static str) -> Known {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, step);
    let id = format!("{prefix}-0{hash:016x}");
    Known { reference: id.clone(), attributes: vec![(attribute, id)] }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;

    fn of(kind: &str, properties: Json) -> ResolvedResource {
        ResolvedResource { kind: kind.to_owned(), properties, depends_on: Vec::new(), metadata: Json::Null }
    }

    #[test]
    fn names_are_formed_as_aws_forms_them() {
        let inputs = Inputs::new("farm", "123456789012", "eu-west-1");
        let names = AwsNames::new(&inputs);
        for (kind, properties, attribute, expected) in [
            (
                "AWS::Batch::JobDefinition",
                json!({"JobDefinitionName": "farm-zip"}),
                "",
                "arn:aws:batch:eu-west-1:123456789012:job-definition/farm-zip:1",
            ),
            (
                "AWS::Batch::JobQueue",
                json!({}),
                "JobQueueArn",
                "arn:aws:batch:eu-west-1:123456789012:job-queue/farm-It",
            ),
            (
                "AWS::ECR::Repository",
                json!({}),
                "RepositoryUri",
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/farm-it",
            ),
            ("AWS::IAM::Role", Json::Null, "Arn", "arn:aws:iam::123456789012:role/farm-It"),
            ("AWS::IAM::Role", Json::Null, "", "farm-It"),
            (
                "AWS::Lambda::Function",
                json!({"FunctionName": "f"}),
                "Arn",
                "arn:aws:lambda:eu-west-1:123456789012:function:f",
            ),
            (
                "AWS::Logs::LogGroup",
                json!({"LogGroupName": "/farm/render"}),
                "Arn",
                "arn:aws:logs:eu-west-1:123456789012:log-group:/farm/render:*",
            ),
            ("AWS::S3::Bucket", json!({"BucketName": "b"}), "Arn", "arn:aws:s3:::b"),
            ("AWS::SNS::Topic", json!({}), "", "arn:aws:sns:eu-west-1:123456789012:farm-It"),
            ("AWS::SQS::Queue", json!({}), "", "https://sqs.eu-west-1.amazonaws.com/123456789012/farm-It"),
            ("AWS::SQS::Queue", json!({}), "Arn", "arn:aws:sqs:eu-west-1:123456789012:farm-It"),
        ] {
            let resource = of(kind, properties);
            let name = match attribute {
                "" => names.reference("It", &resource).map(Json::from),
                attribute => names.attribute("It", &resource, attribute),
            };
            assert_eq!(name, Some(Json::from(expected)), "{kind} {attribute}");
        }
    }

    #[test]
    fn ids_of_ec2_look_like_it_and_differ() {
        let inputs = Inputs::new("farm", "123456789012", "eu-west-1");
        let names = AwsNames::new(&inputs);
        let ids: BTreeSet<String> = ["A", "B", "SubnetA", "SubnetB", "ASubnet"]
            .iter()
            .filter_map(|id| names.reference(id, &of("AWS::EC2::Subnet", Json::Null)))
            .collect();
        assert_eq!(ids.len(), 5);
        let is_id = |id: &String| {
            id.strip_prefix("subnet-")
                .is_some_and(|hex| hex.len() == 17 && hex.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        assert!(ids.iter().all(is_id), "{ids:?}");
    }

    #[test]
    fn a_stack_that_stands_has_the_names_that_were_drawn() {
        let inputs = Inputs::new("farm", "123456789012", "eu-west-1");
        let queue = "arn:aws:batch:eu-west-1:123456789012:job-queue/Queue-1a2b";
        let physical = [
            ("Queue", queue),
            ("Role", "farm-Role-XYZ"),
            ("Vpc", "vpc-0123"),
            ("Lost", "https://sqs.eu-west-1.amazonaws.com/123456789012/farm-Lost-7"),
            ("Zip", "arn:aws:batch:eu-west-1:123456789012:job-definition/farm-zip:3"),
        ];
        let physical = physical.map(|(id, physical)| (id.to_owned(), physical.to_owned())).into();
        let names = AwsNames::of_stack(&inputs, &physical);
        let attribute = |id: &str, kind: &str, attribute: &str| {
            names.attribute(id, &of(kind, Json::Null), attribute).expect("it is known")
        };
        assert_eq!(names.reference("Queue", &of("AWS::Batch::JobQueue", Json::Null)).as_deref(), Some(queue));
        assert_eq!(attribute("Queue", "AWS::Batch::JobQueue", "JobQueueArn"), queue);
        assert_eq!(
            attribute("Role", "AWS::IAM::Role", "Arn"),
            "arn:aws:iam::123456789012:role/farm-Role-XYZ"
        );
        assert_eq!(attribute("Vpc", "AWS::EC2::VPC", "VpcId"), "vpc-0123");
        assert_eq!(
            attribute("Lost", "AWS::SQS::Queue", "Arn"),
            "arn:aws:sqs:eu-west-1:123456789012:farm-Lost-7"
        );
        assert_eq!(attribute("Lost", "AWS::SQS::Queue", "QueueName"), "farm-Lost-7");
        let zip = of("AWS::Batch::JobDefinition", json!({"JobDefinitionName": "farm-zip"}));
        assert!(names.reference("Zip", &zip).is_some_and(|arn| arn.ends_with(":3")));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        let inputs = Inputs::new("farm", "123456789012", "eu-west-1");
        let names = AwsNames::new(&inputs);
        assert_eq!(names.reference("It", &of("AWS::EFS::FileSystem", Json::Null)), None);
        assert_eq!(names.attribute("It", &of("AWS::S3::Bucket", Json::Null), "WebsiteURL"), None);
    }
}
