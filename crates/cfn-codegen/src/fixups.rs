//! What the sources have wrong or leave out, mended. Each fix-up is a function with its reason, and
//! fails when it no longer applies: then the sources have changed, and it goes.

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::schema::{Node, Schema, Types};

/// A fix-up of one type.
pub struct Fixup {
    /// The type.
    pub of: &'static str,
    /// Its name, for the error where it fails.
    pub name: &'static str,
    /// What it does.
    pub apply: fn(&mut Schema) -> Result<()>,
}

macro_rules! fixups {
    ($($of:literal => $name:ident),* $(,)?) => {
        [$(Fixup { of: $of, name: stringify!($name), apply: $name }),*]
    };
}

/// All of them.
pub fn all() -> Vec<Fixup> {
    fixups! {
        "AWS::Batch::ComputeEnvironment" => batch_writes_enums_in_capitals,
        "AWS::Batch::ComputeEnvironment" => compute_environment_has_two_states,
        "AWS::Batch::JobDefinition" => batch_writes_enums_in_capitals,
        "AWS::Batch::JobDefinition" => attempts_are_1_to_10,
        "AWS::Batch::JobDefinition" => attempts_take_a_minute_or_more,
        "AWS::Batch::JobDefinition" => storage_is_21_to_200_gib,
        "AWS::Batch::JobDefinition" => five_rules_on_exit,
        "AWS::Batch::JobDefinition" => containers_stop_within_two_minutes,
        "AWS::Batch::JobQueue" => batch_writes_enums_in_capitals,
        "AWS::Batch::SchedulingPolicy" => batch_writes_enums_in_capitals,
        "AWS::Lambda::EventInvokeConfig" => qualifier_is_a_text,
        "AWS::Lambda::Function" => variables_are_texts,
        "AWS::Lambda::Permission" => principal_is_a_text,
        "AWS::Logs::LogGroup" => log_group_is_not_named_by_a_function,
        "AWS::S3::Bucket" => glacier_is_written_in_capitals,
        "AWS::SNS::Subscription" => endpoint_is_a_text,
        "AWS::SNS::Topic" => endpoint_of_a_topic_is_a_text,
        "AWS::SNS::TopicPolicy" => topics_are_topics,
        "AWS::SQS::Queue" => redrive_names_a_queue,
        "AWS::SQS::QueuePolicy" => queues_are_queues,
    }
    .into()
}

/// Mends the schemas.
///
/// # Errors
/// A fix-up no longer applies.
pub fn apply(schemas: &mut [Schema]) -> Result<()> {
    for Fixup { of, name, apply } in all() {
        if let Some(schema) = schemas.iter_mut().find(|schema| schema.type_name == of) {
            apply(schema).with_context(|| {
                format!("fix-up {name} of {of} no longer applies: see what changed, and mend or remove it")
            })?;
        }
    }
    Ok(())
}

/// The sources list Batch's enums in small letters, since Batch takes any. AWS documents capitals,
/// and Batch answers in capitals; only what goes on to ECS and to container engines is small.
fn batch_writes_enums_in_capitals(schema: &mut Schema) -> Result<()> {
    const SMALL: [&str; 4] = ["container", "multinode", "awslogs", "fluentd"];
    let mut count = 0;
    each(schema, &mut |node| {
        let listed = std::mem::take(&mut node.enum_case_insensitive);
        count += listed.len();
        let texts: Vec<&str> = listed.iter().filter_map(Value::as_str).collect();
        let small = texts.iter().any(|text| SMALL.contains(text));
        node.values
            .extend(texts.iter().map(|text| if small { (*text).into() } else { text.to_uppercase().into() }));
    });
    if count == 0 { bail!("no enum is listed without regard to case") } else { Ok(()) }
}

/// The sources know the state as any text; Batch has two.
fn compute_environment_has_two_states(schema: &mut Schema) -> Result<()> {
    let node = property(schema, "", "State")?;
    if !node.values.is_empty() {
        bail!("the values are known");
    }
    node.values = vec!["DISABLED".into(), "ENABLED".into()];
    Ok(())
}

/// CloudFormation takes any number; RegisterJobDefinition refuses those outside.
fn attempts_are_1_to_10(schema: &mut Schema) -> Result<()> {
    range(property(schema, "RetryStrategy", "Attempts")?, Some(1.0), Some(10.0))
}

/// As for the attempts: Batch refuses a shorter time.
fn attempts_take_a_minute_or_more(schema: &mut Schema) -> Result<()> {
    range(property(schema, "JobTimeout", "AttemptDurationSeconds")?, Some(60.0), None)
}

/// Fargate's bounds; 20 GiB is what a task has without it, and cannot be asked for.
fn storage_is_21_to_200_gib(schema: &mut Schema) -> Result<()> {
    range(property(schema, "EphemeralStorage", "SizeInGiB")?, Some(21.0), Some(200.0))
}

/// Batch takes no more than five rules, and says so only on registration.
fn five_rules_on_exit(schema: &mut Schema) -> Result<()> {
    let node = property(schema, "RetryStrategy", "EvaluateOnExit")?;
    if node.max_items.replace(5).is_some() { bail!("there is a bound already") } else { Ok(()) }
}

/// Fargate waits for two minutes at most, and ECS takes no less than two seconds.
fn containers_stop_within_two_minutes(schema: &mut Schema) -> Result<()> {
    range(property(schema, "TaskContainerProperties", "StopTimeout")?, Some(2.0), Some(120.0))
}

/// Beside versions, it takes `$LATEST` and the names of aliases.
fn qualifier_is_a_text(schema: &mut Schema) -> Result<()> {
    refer_to_nothing(property(schema, "", "Qualifier")?)
}

/// The schema lets a variable be any JSON; Lambda's variables are texts.
fn variables_are_texts(schema: &mut Schema) -> Result<()> {
    let node = property(schema, "Environment", "Variables")?;
    let values = node.pattern_properties.values_mut().next().context("it is no map")?;
    if values.types.is("string") {
        bail!("they are texts already");
    }
    values.types = Types::One("string".to_owned());
    Ok(())
}

/// Most principals are services and accounts; the sources name roles and users alone.
fn principal_is_a_text(schema: &mut Schema) -> Result<()> {
    refer_to_nothing(property(schema, "", "Principal")?)
}

/// The source has it from log groups that are named after a function. The name is given here.
fn log_group_is_not_named_by_a_function(schema: &mut Schema) -> Result<()> {
    let node = property(schema, "", "LogGroupName")?;
    if node.refers_to.is_empty() {
        bail!("it refers to nothing");
    }
    node.refers_to.clear();
    Ok(())
}

/// The sources list an old spelling of a storage class beside the one that AWS documents.
fn glacier_is_written_in_capitals(schema: &mut Schema) -> Result<()> {
    let mut count = 0;
    each(schema, &mut |node| {
        let before = node.values.len();
        node.values.retain(|value| value != "Glacier");
        count += before - node.values.len();
    });
    if count == 0 { bail!("the old spelling is not listed") } else { Ok(()) }
}

/// It is an address as often as a resource: mail, a telephone, a web page.
fn endpoint_is_a_text(schema: &mut Schema) -> Result<()> {
    refer_to_nothing(property(schema, "", "Endpoint")?)
}

/// As for subscriptions of their own.
fn endpoint_of_a_topic_is_a_text(schema: &mut Schema) -> Result<()> {
    refer_to_nothing(property(schema, "Subscription", "Endpoint")?)
}

/// Neither source says what the policy is for.
fn topics_are_topics(schema: &mut Schema) -> Result<()> {
    let node = property(schema, "", "Topics")?;
    refer(node.items.as_deref_mut().context("it is no list")?, "AWS::SNS::Topic.TopicArn")
}

/// Neither source says what the policy is for. It takes addresses, and no ARNs.
fn queues_are_queues(schema: &mut Schema) -> Result<()> {
    let node = property(schema, "", "Queues")?;
    refer(node.items.as_deref_mut().context("it is no list")?, "AWS::SQS::Queue.QueueUrl")
}

/// Neither source says what the dead letters go to.
fn redrive_names_a_queue(schema: &mut Schema) -> Result<()> {
    let node = property(schema, "", "RedrivePolicy")?;
    let node = node.properties.get_mut("deadLetterTargetArn").context("it names no target")?;
    refer(node, "AWS::SQS::Queue.Arn")
}

/// A property of a definition, or with "" of the resource itself.
fn property<'a>(schema: &'a mut Schema, definition: &str, name: &str) -> Result<&'a mut Node> {
    let object = match definition {
        "" => Some(&mut schema.shape),
        definition => schema.definitions.get_mut(definition),
    };
    let node = object.with_context(|| format!("there is no {definition}"))?.properties.get_mut(name);
    node.with_context(|| format!("there is no {name}"))
}

fn range(node: &mut Node, least: Option<f64>, most: Option<f64>) -> Result<()> {
    if node.minimum.is_some() || node.maximum.is_some() {
        bail!("there is a range already");
    }
    (node.minimum, node.maximum) = (least, most);
    Ok(())
}

fn refer(node: &mut Node, part: &str) -> Result<()> {
    if node.refers_to.insert(part.to_owned()) && node.refers_to.len() == 1 {
        return Ok(());
    }
    bail!("it refers to something already")
}

fn refer_to_nothing(node: &mut Node) -> Result<()> {
    if node.refers_to.is_empty() {
        bail!("it refers to nothing");
    }
    node.refers_to.clear();
    Ok(())
}

/// Every node, also those within others.
fn each(schema: &mut Schema, visit: &mut impl FnMut(&mut Node)) {
    let mut open: Vec<&mut Node> =
        [&mut schema.shape].into_iter().chain(schema.definitions.values_mut()).collect();
    while let Some(node) = open.pop() {
        visit(node);
        open.extend(node.properties.values_mut().chain(node.pattern_properties.values_mut()));
        open.extend(node.one_of.iter_mut());
        open.extend(node.items.as_deref_mut());
    }
}
