//! What no engine answers, answered by a script: calls that neither LocalStack nor moto has, and
//! refusals that only AWS gives. The answers are written as AWS documents them.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Command;
use std::sync::{Arc, Mutex};

use crate::engine::{ACCOUNT, REGION, Ran, image};

/// A status and a body.
type Answer = (u16, String);

/// What was asked, in order: the action, and the form that came with it.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// An AWS of scripted answers: for each action its answers in order, the last of them for ever.
struct Script {
    address: String,
    asked: Asked,
}

impl Script {
    fn start(answers: &[(&str, Vec<Answer>)]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let asked = Asked::default();
        let mut left: HashMap<String, Vec<Answer>> = answers
            .iter()
            .map(|(action, answers)| ((*action).to_owned(), answers.iter().rev().cloned().collect()))
            .collect();
        let recorded = asked.clone();
        std::thread::spawn(move || {
            // Ends with the process: nobody waits for a listener.
            for stream in listener.incoming() {
                one_request(stream.unwrap(), &mut left, &recorded);
            }
        });
        Self { address, asked }
    }

    fn stack(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_stack"));
        command
            .args(arguments)
            .env_clear()
            .env("AWS_ENDPOINT_URL", format!("http://{}", self.address))
            .env("AWS_ACCESS_KEY_ID", "key")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_REGION", REGION);
        Ran::of(&command.output().unwrap())
    }

    fn actions(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(action, _)| action.clone()).collect()
    }

    /// The form of the first call of an action.
    fn form(&self, action: &str) -> String {
        let asked = self.asked.lock().unwrap();
        asked.iter().find(|(asked, _)| asked == action).unwrap_or_else(|| panic!("no {action}")).1.clone()
    }
}

fn one_request(stream: TcpStream, left: &mut HashMap<String, Vec<Answer>>, asked: &Asked) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while reader.read_line(&mut head).unwrap() > 2 {}
    let length =
        head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    // CloudFormation's calls name themselves in a form; the others are told by their first line.
    let named = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let action = named.map_or_else(|| head.split(' ').take(2).collect::<Vec<_>>().join(" "), str::to_owned);
    asked.lock().unwrap().push((action.clone(), body));
    let answers = left.get_mut(&action).unwrap_or_else(|| panic!("the script has no answer to {action}"));
    let (status, body) = if answers.len() > 1 { answers.pop().unwrap() } else { answers[0].clone() };
    let length = body.len();
    let answer =
        format!("HTTP/1.1 {status} Scripted\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}");
    reader.into_inner().write_all(answer.as_bytes()).unwrap();
}

fn result(action: &str, inner: &str) -> Answer {
    (200, format!("<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>"))
}

fn refusal(code: &str, message: &str) -> Answer {
    (
        400,
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        ),
    )
}

const STACK_ID: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/render-farm/1";

/// A stack of this status that has all that a deploy wants to keep.
fn stack(status: &str) -> Answer {
    let parameters: String = ["RenderImage45", "RenderImage41", "ZipImage", "FunctionCodeKey"]
        .map(|name| {
            format!("<member><ParameterKey>{name}</ParameterKey><ParameterValue>x</ParameterValue></member>")
        })
        .concat();
    let queue = "<member><OutputKey>QueueArn</OutputKey><OutputValue>arn:queue</OutputValue></member>";
    result(
        "DescribeStacks",
        &format!(
            "<Stacks><member><StackName>render-farm</StackName><StackId>{STACK_ID}</StackId>\
             <CreationTime>2026-11-25T10:00:00Z</CreationTime><StackStatus>{status}</StackStatus>\
             <Parameters>{parameters}</Parameters><Outputs>{queue}</Outputs></member></Stacks>"
        ),
    )
}

/// Events of the stack and its resources, the newest first.
fn events(events: &[(&str, &str, &str)]) -> Answer {
    let members: String = events
        .iter()
        .rev()
        .map(|(id, status, reason)| {
            let kind = if *id == "render-farm" { "AWS::CloudFormation::Stack" } else { "AWS::IAM::Role" };
            format!(
                "<member><EventId>{id}-{status}</EventId><StackId>{STACK_ID}</StackId><StackName>render-farm</StackName>\
                 <LogicalResourceId>{id}</LogicalResourceId><ResourceType>{kind}</ResourceType>\
                 <Timestamp>2026-11-25T10:00:00Z</Timestamp><ResourceStatus>{status}</ResourceStatus>\
                 <ResourceStatusReason>{reason}</ResourceStatusReason></member>"
            )
        })
        .collect();
    result("DescribeStackEvents", &format!("<StackEvents>{members}</StackEvents>"))
}

fn account() -> (&'static str, Vec<Answer>) {
    ("GetCallerIdentity", vec![result("GetCallerIdentity", &format!("<Account>{ACCOUNT}</Account>"))])
}

/// A proposal that comes to nothing, and a queue that is open.
fn no_change() -> Vec<(&'static str, Vec<Answer>)> {
    let why = "The submitted information didn't contain changes.";
    let described = format!("<Status>FAILED</Status><StatusReason>{why}</StatusReason>");
    vec![
        ("CreateChangeSet", vec![result("CreateChangeSet", "<Id>set</Id>")]),
        ("DescribeChangeSet", vec![result("DescribeChangeSet", &described)]),
        ("DeleteChangeSet", vec![result("DeleteChangeSet", "")]),
        ("POST /v1/describejobqueues", vec![(200, r#"{"jobQueues":[{"state":"ENABLED"}]}"#.to_owned())]),
    ]
}

#[test]
fn a_change_that_could_not_be_taken_back_is_taken_back_first() {
    let failed = ("render-farm", "UPDATE_ROLLBACK_FAILED", "");
    let mut answers = vec![
        account(),
        (
            "DescribeStacks",
            ["UPDATE_ROLLBACK_FAILED", "UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE"]
                .map(stack)
                .to_vec(),
        ),
        (
            "DescribeStackEvents",
            vec![
                events(&[failed]),
                events(&[failed, ("ZipRole", "UPDATE_COMPLETE", "")]),
                events(&[
                    failed,
                    ("ZipRole", "UPDATE_COMPLETE", ""),
                    ("render-farm", "UPDATE_ROLLBACK_COMPLETE", ""),
                ]),
            ],
        ),
        ("ContinueUpdateRollback", vec![result("ContinueUpdateRollback", "")]),
    ];
    answers.extend(no_change());
    let aws = Script::start(&answers);
    aws.stack(&["deploy", "--yes"]).well().says(&[
        "(UPDATE_ROLLBACK_FAILED)",
        "changed      ZipRole",
        "No change",
    ]);
    let actions = aws.actions();
    let at = |action: &str| actions.iter().position(|asked| asked == action).unwrap();
    assert!(at("ContinueUpdateRollback") < at("CreateChangeSet"), "{actions:?}");
    assert_eq!(actions.iter().filter(|action| *action == "ContinueUpdateRollback").count(), 1);
}

#[test]
fn what_still_cannot_be_taken_back_is_told_with_its_cause() {
    let failed = ("render-farm", "UPDATE_ROLLBACK_FAILED", "");
    let role = (
        "ZipRole",
        "UPDATE_FAILED",
        "User: x is not authorized to perform: iam:PutRolePolicy on resource: y",
    );
    let again =
        ("render-farm", "UPDATE_ROLLBACK_FAILED ", "The following resource(s) failed to update: [ZipRole].");
    let aws = Script::start(&[
        account(),
        ("DescribeStacks", vec![stack("UPDATE_ROLLBACK_FAILED")]),
        ("DescribeStackEvents", vec![events(&[failed]), events(&[failed, role, again])]),
        ("ContinueUpdateRollback", vec![result("ContinueUpdateRollback", "")]),
    ]);
    aws.stack(&["deploy", "--yes"]).badly(&[
        "error: ZipRole was not changed: User: x is not authorized",
        "is UPDATE_ROLLBACK_FAILED: taking the changes back failed as well",
        "hint: Whoever deploys lacks the right `iam:PutRolePolicy`.",
    ]);
}

#[test]
fn patience_that_aws_asks_for_is_had() {
    let mut answers = vec![
        account(),
        (
            "DescribeStacks",
            vec![
                refusal("Throttling", "Rate exceeded"),
                refusal("Throttling", "Rate exceeded"),
                stack("UPDATE_COMPLETE"),
            ],
        ),
    ];
    answers.extend(no_change());
    let aws = Script::start(&answers);
    aws.stack(&["deploy", "--yes"]).well().says(&["No change"]);
}

#[test]
fn who_may_not_is_told_what_is_missing() {
    let denied = "User: arn:aws:iam::123456789012:user/dev is not authorized to perform: cloudformation:CreateChangeSet on resource: x";
    for (refused, words) in [
        (
            ("CreateChangeSet", refusal("AccessDenied", denied)),
            "hint: Whoever deploys lacks the right `cloudformation:CreateChangeSet`.",
        ),
        (
            (
                "DescribeStacks",
                refusal("ExpiredToken", "The security token included in the request is expired"),
            ),
            "hint: Log in to AWS again",
        ),
        (
            (
                "GetCallerIdentity",
                refusal("InvalidClientTokenId", "The security token included in the request is invalid."),
            ),
            "find out whose account this is",
        ),
    ] {
        let (action, answer) = refused;
        let mut answers = vec![account(), ("DescribeStacks", vec![stack("UPDATE_COMPLETE")])];
        answers.extend(no_change());
        answers.retain(|(known, _)| *known != action);
        answers.push((action, vec![answer]));
        Script::start(&answers).stack(&["deploy", "--yes"]).badly(&[words]);
    }
}

#[test]
fn a_bucket_that_an_earlier_farm_left_becomes_the_new_ones() {
    let gone = refusal("ValidationError", "Stack with id render-farm does not exist");
    let head = "HEAD /render-farm-123456789012-eu-west-1/";
    let aws = Script::start(&[
        account(),
        ("DescribeStacks", vec![gone]),
        (head, vec![(200, String::new())]),
        ("CreateChangeSet", vec![refusal("ValidationError", "enough")]),
    ]);
    let images = ["4.5", "4.1", "zip"].map(|what| format!("{what}={}", image(what)));
    let mut arguments = vec!["deploy", "--yes", "--foundation"];
    arguments.extend(images.iter().flat_map(|image| ["--image", image]));
    aws.stack(&arguments).badly(&["cannot propose changes of `render-farm`: enough"]);
    assert!(aws.form("CreateChangeSet").contains("ImportExistingResources=true"));
    assert!(aws.form("CreateChangeSet").contains("ChangeSetType=CREATE"));
}
