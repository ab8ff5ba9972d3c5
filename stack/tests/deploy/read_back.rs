//! Every resource of a deployed farm, read back from its own service with boto3 and held against what
//! the template asked for.

use std::collections::BTreeMap;

use serde_json::Value;
use stack::farm::{self, FarmConfig};
use stack::template::{AwsNames, Document, Inputs, Resolved, resolve};

use crate::compare::{count, differences, stale};
use crate::engine::{ACCOUNT, Engine, Kind, REGION, image};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/deploy/read_back");
const STACK: &str = "render-farm";
/// What the engine does not show: its EC2 keeps the version of an endpoint's policy, and leaves it out
/// of the answer, as it says that AWS does.
const LOST: &str = "BucketEndpoint.PolicyDocument.Version: asked \"2012-10-17\", found null";

fn read(engine: &Engine) -> Value {
    let output = engine.python().args([SCRIPT, STACK]).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// What the template comes to with these parameters and the names that were drawn.
fn asked(read: &Value, parameters: &[(&str, &str)]) -> Resolved {
    let config = FarmConfig::standard().expect("a farm");
    let text = farm::template(&config).expect("a farm").to_yaml().expect("text");
    let document = Document::parse(&text).expect("our own text");
    let code = read["TriggerFunction"]["Properties"]["Code"]["Sha256"].as_str().expect("a digest");
    let mut inputs = Inputs::new(STACK, ACCOUNT, REGION)
        .with("RenderImage45", &image("4.5"))
        .with("RenderImage41", &image("4.1"))
        .with("ZipImage", &image("zip"))
        // So this holds the code that Lambda has against the key that it was uploaded under.
        .with("FunctionCodeKey", &format!(".farm/lambda/{code}.zip"));
    for (name, value) in parameters {
        inputs = inputs.with(name, value);
    }
    let physical: BTreeMap<String, String> = read
        .as_object()
        .expect("resources")
        .iter()
        .map(|(id, read)| (id.clone(), read["PhysicalId"].as_str().expect("an id").to_owned()))
        .collect();
    resolve(&document, &inputs, &AwsNames::of_stack(&inputs, &physical)).expect("a farm")
}

fn uploaded(engine: &Engine) -> String {
    let bucket = format!("{STACK}-{ACCOUNT}-{REGION}");
    let snippet = format!(
        "print(json.dumps([o['Key'] for o in aws('s3').list_objects_v2(Bucket='{bucket}', Prefix='.farm/lambda/')['Contents']][0]))"
    );
    engine.ask(&snippet).as_str().expect("a key").to_owned()
}

#[test]
fn what_stands_is_what_the_template_asked_for() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.deploy(&[]).well();
    let there = read(&engine);
    let resolved = asked(&there, &[]);
    let found = differences(&resolved, &there);
    assert_eq!(found, [LOST]);
    assert_eq!(stale(&resolved), Vec::<&str>::new());
    assert_eq!(resolved.resources["TriggerFunction"].properties["Code"]["S3Key"], uploaded(&engine).as_str());
    let values: usize = resolved.resources.values().map(|resource| count(&resource.properties)).sum();
    assert!(
        resolved.resources.len() >= 39 && values > 400,
        "{} resources, {values} values",
        resolved.resources.len()
    );

    // The other side of every condition, as an update of the same stack.
    let key = engine.ask("print(json.dumps(aws('kms').create_key()['KeyMetadata']['Arn']))");
    let key = key.as_str().expect("an ARN").to_owned();
    let given = [
        ("KmsKeyArn", key.as_str()),
        ("Email", "td@studio.example"),
        ("Notify", "problems"),
        ("RenderExpiryDays", "14"),
        ("LogRetentionDays", "7"),
        ("MaxOnDemandVcpus", "16"),
        ("FrameSeconds", "1200"),
    ];
    let mut arguments = vec!["deploy".to_owned(), "--yes".to_owned()];
    arguments.extend(given.iter().flat_map(|(name, value)| ["--set".to_owned(), format!("{name}={value}")]));
    engine.stack(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).well();
    let there = read(&engine);
    let found = differences(&asked(&there, &given), &there);
    assert_eq!(found, [LOST]);

    // What somebody changes behind CloudFormation's back is seen: this comparison can fail.
    engine.ask(&format!(
        "aws('s3').put_bucket_versioning(Bucket='{STACK}-{ACCOUNT}-{REGION}', VersioningConfiguration={{'Status': 'Suspended'}})\n\
         roles = [r['RoleName'] for r in aws('iam').list_roles()['Roles'] if 'ZipRole' in r['RoleName']]\n\
         aws('iam').attach_role_policy(RoleName=roles[0], PolicyArn='arn:aws:iam::aws:policy/AdministratorAccess')\n\
         queue = aws('sqs').list_queues()['QueueUrls'][0]\n\
         policy = json.loads(aws('sqs').get_queue_attributes(QueueUrl=queue, AttributeNames=['Policy'])['Attributes']['Policy'])\n\
         policy['Statement'][0]['Principal']['AWS'] = '*'\n\
         aws('sqs').set_queue_attributes(QueueUrl=queue, Attributes={{'Policy': json.dumps(policy)}})\n\
         aws('iam').put_role_policy(RoleName=roles[0], PolicyName='more', PolicyDocument=json.dumps({{'Version': '2012-10-17', 'Statement': [{{'Effect': 'Allow', 'Action': 's3:ListAllMyBuckets', 'Resource': '*'}}]}}))"
    ));
    let there = read(&engine);
    let found = differences(&asked(&there, &given), &there);
    assert_eq!(
        found,
        [
            "Bucket.VersioningConfiguration.Status: asked \"Enabled\", found \"Suspended\"",
            LOST,
            "FailedEventsPolicy.PolicyDocument.Statement[0].Principal.AWS: not asked for, found \"*\"",
            "ZipRole.Policies: asked 1 items, found 2",
            "ZipRole.ManagedPolicyArns: asked for none, found [\"arn:aws:iam::aws:policy/AdministratorAccess\"]",
        ]
    );
}
