//! An AWS of scripted answers, written as AWS documents them.

use std::collections::HashMap;
use std::process::Command;
use std::sync::{Arc, Mutex};

use farm_testing::{Reply, Request, serve};

use crate::engine::{ACCOUNT, REGION, Ran};

/// What is answered.
#[derive(Debug, Clone)]
pub struct Answer {
    status: u16,
    body: String,
    /// The action that must have been asked for before this is answered; until then, the one before it
    /// is.
    after: Option<&'static str>,
}

impl Answer {
    /// Only once this was asked for.
    pub fn after(self, action: &'static str) -> Self {
        Self { after: Some(action), ..self }
    }
}

/// What was asked, in order: the action, and the form that came with it.
type Asked = Arc<Mutex<Vec<(String, String)>>>;

/// What farm it is, in the bucket.
pub const OFFER: &str = "PUT /render-farm-123456789012-eu-west-1/.farm/farm.json";

/// An AWS of scripted answers: for each action its answers in order, the last of them for ever.
pub struct Script {
    address: String,
    asked: Asked,
}

impl Script {
    pub fn start(answers: &[(&str, Vec<Answer>)]) -> Self {
        let asked = Asked::default();
        // What every deploy of a whole farm says in its bucket at the end.
        let offer = (OFFER, vec![plain(200, "")]);
        let left: HashMap<String, Vec<Answer>> = [&offer]
            .into_iter()
            .chain(answers)
            .map(|(action, answers)| ((*action).to_owned(), answers.iter().rev().cloned().collect()))
            .collect();
        let left = Mutex::new(left);
        let recorded = asked.clone();
        let address = serve(move |request| answer(request, &mut left.lock().unwrap(), &recorded));
        Self { address, asked }
    }

    pub fn stack(&self, arguments: &[&str]) -> Ran {
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

    /// What was asked for, in order.
    pub fn actions(&self) -> Vec<String> {
        self.asked.lock().unwrap().iter().map(|(action, _)| action.clone()).collect()
    }

    /// The form of the first call of an action.
    pub fn form(&self, action: &str) -> String {
        self.forms(action).into_iter().next().unwrap_or_else(|| panic!("no {action}"))
    }

    /// The forms of all calls of an action.
    pub fn forms(&self, action: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().filter(|(asked, _)| asked == action).map(|(_, form)| form.clone()).collect()
    }
}

/// What the script has for a request.
fn answer(request: &Request, left: &mut HashMap<String, Vec<Answer>>, asked: &Asked) -> Reply {
    let body = String::from_utf8(request.body.clone()).unwrap();
    // CloudFormation's calls name themselves in a form; the others are told by their first line.
    let named = body.split('&').find_map(|pair| pair.strip_prefix("Action="));
    let action = named.map_or_else(|| first_line(request.line()), str::to_owned);
    // A template that is too long for a request goes through the bucket, which is no matter where no test asks of it.
    if action.contains("/.farm/template/") && !left.contains_key(&action) {
        return Reply::Say(200, String::new(), String::new());
    }
    asked.lock().unwrap().push((action.clone(), body));
    let asked: Vec<String> = asked.lock().unwrap().iter().map(|(action, _)| action.clone()).collect();
    let answers = left.get_mut(&action).unwrap_or_else(|| panic!("the script has no answer to {action}"));
    let ripe = |answer: &Answer| answer.after.is_none_or(|action| asked.iter().any(|asked| asked == action));
    let Answer { status, body, .. } = match answers.as_slice() {
        // The one at hand is left behind once the next may come.
        [.., next, now] if ripe(next) => {
            let (now, next) = (now.clone(), next.clone());
            answers.pop();
            if next.after.is_some() { next } else { now }
        }
        [.., now] => now.clone(),
        [] => panic!("no answer to {action} is left"),
    };
    Reply::Say(status, String::new(), body)
}

/// Method and path, and of a query to S3 what part of the bucket it is about.
fn first_line(line: &str) -> String {
    let (method, address) = line.split_once(' ').unwrap();
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let parts = ["tagging", "versions", "uploads", "delete"];
    let part = query.split('&').find_map(|pair| {
        let name = pair.split('=').next().unwrap();
        parts.contains(&name).then(|| format!("?{name}"))
    });
    format!("{method} {path}{}", part.unwrap_or_default())
}

/// What an action of CloudFormation or STS yields.
pub fn result(action: &str, inner: &str) -> Answer {
    let body = format!("<{action}Response><{action}Result>{inner}</{action}Result></{action}Response>");
    Answer { status: 200, body, after: None }
}

/// What one is refused with.
pub fn refusal(code: &str, message: &str) -> Answer {
    let error = format!("<Error><Code>{code}</Code><Message>{message}</Message></Error>");
    Answer { status: 400, body: format!("<ErrorResponse>{error}</ErrorResponse>"), after: None }
}

/// The tags of the farm's bucket.
pub const TAGGED: &str =
    "<Tagging><TagSet><Tag><Key>render-farm</Key><Value>render-farm</Value></Tag></TagSet></Tagging>";

const STACK_ID: &str = "arn:aws:cloudformation:eu-west-1:123456789012:stack/render-farm/1";

/// A stack of this status that has all that a deploy wants to keep.
pub fn stack(status: &str) -> Answer {
    let parameters: String = ["RenderImage45", "RenderImage41", "ZipImage", "FunctionCodeKey"]
        .map(|name| {
            format!("<member><ParameterKey>{name}</ParameterKey><ParameterValue>x</ParameterValue></member>")
        })
        .concat();
    let outputs = [("QueueArn", "arn:queue"), ("RegistryUri", "registry")].map(|(name, value)| {
        format!("<member><OutputKey>{name}</OutputKey><OutputValue>{value}</OutputValue></member>")
    });
    let outputs = outputs.concat();
    result(
        "DescribeStacks",
        &format!(
            "<Stacks><member><StackName>render-farm</StackName><StackId>{STACK_ID}</StackId>\
             <CreationTime>2026-11-25T10:00:00Z</CreationTime><StackStatus>{status}</StackStatus>\
             <Parameters>{parameters}</Parameters><Outputs>{outputs}</Outputs></member></Stacks>"
        ),
    )
}

/// Events of the stack and its resources, the newest first.
pub fn events(events: &[(&str, &str, &str)]) -> Answer {
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

pub fn account() -> (&'static str, Vec<Answer>) {
    ("GetCallerIdentity", vec![result("GetCallerIdentity", &format!("<Account>{ACCOUNT}</Account>"))])
}

/// The template of a farm as its stack tells it.
pub fn template() -> (&'static str, Vec<Answer>) {
    let settings =
        "{Blenders: ['4.5', '4.1'], CpuUnits: 4096, MemoryMib: 8192, Attempts: 3, Dashboard: true}";
    let body = format!("Metadata: {{RenderFarm: {settings}}}");
    ("GetTemplate", vec![result("GetTemplate", &format!("<TemplateBody>{body}</TemplateBody>"))])
}

/// An answer of one of the services that speak JSON, or nothing but a status.
pub fn plain(status: u16, body: &str) -> Answer {
    Answer { status, body: body.to_owned(), after: None }
}

/// A proposal that comes to nothing, and a queue that is open.
pub fn no_change() -> Vec<(&'static str, Vec<Answer>)> {
    let why = "The submitted information didn't contain changes.";
    let described = format!("<Status>FAILED</Status><StatusReason>{why}</StatusReason>");
    vec![
        template(),
        ("CreateChangeSet", vec![result("CreateChangeSet", "<Id>set</Id>")]),
        ("DescribeChangeSet", vec![result("DescribeChangeSet", &described)]),
        ("DeleteChangeSet", vec![result("DeleteChangeSet", "")]),
        ("POST /v1/describejobqueues", vec![plain(200, r#"{"jobQueues":[{"state":"ENABLED"}]}"#)]),
    ]
}
