//! The account: from who asks, by way of the bucket, to the network that the tasks run in.
//!
//! What is asked first decides what can be asked then: the bucket says which farm it is, its queue which environments
//! there are, those which network. All else is asked at once.

mod bucket;
mod call;
mod caller;
mod definitions;
mod farm;
mod images;
mod logs;
mod network;
mod queue;
mod quotas;
#[cfg(test)]
pub(super) mod sample;
mod stack;
mod way_out;

use farm_aws::Session;
use farm_contract::offer::{Offer, Runs};

pub(super) use call::ask;

use self::bucket::Told;
use self::farm::{Farm, region_of};
use super::Asked;
use super::check::{Check, Place};
use super::ec2::Ec2;
use super::finding::Finding;

/// How long one attempt of a call waits for its answer.
const ANSWER: std::time::Duration = std::time::Duration::from_secs(10);
/// Why nothing of a farm is looked at that nobody has named.
const UNNAMED: &str = "it is not said which farm is meant";

/// Looks at the account, and tells of each finding as it comes.
pub(super) async fn look(asked: &Asked, tell: &dyn Fn(Finding)) {
    let named = asked.bucket.as_deref();
    let session = match Session::open(asked.region.as_deref(), ANSWER).await {
        Ok(session) => session,
        Err(error) => return tell(caller::nowhere(error, named.is_some())),
    };
    // First of all: a farm on one machine has credentials that are not AWS's, and asks nobody else.
    let told = match named {
        Some(named) => Some(bucket::told(&session, named).await),
        None => None,
    };
    if let Some(Told::Offer(offer)) = &told
        && offer.tasks.is_some_and(|tasks| tasks.runs == Runs::Here)
    {
        return tell(bucket::here(&offer.blenders));
    }
    if let Some(address) = &asked.own_s3 {
        return tell(Finding::unseen(
            Check::Bucket,
            format!("AWS_ENDPOINT_URL_S3 is {address}, a farm on one machine: AWS is not asked"),
        ));
    }
    let of_farm = match &told {
        Some(Told::Offer(offer)) => offer.queue.as_deref().and_then(region_of),
        _ => None,
    };
    tell(caller::region(session.region(), of_farm));
    let caller = call::within(call::PATIENCE, "find out whose account this is", session.caller()).await;
    tell(caller::credentials(&caller, named.is_some()));
    let caller = match caller {
        Ok(caller) => caller,
        Err(error) if error.is_logged_out() && named.is_none() => return,
        Err(_) => {
            let rest = Check::ALL.into_iter().filter(|check| check.place() == Place::Aws);
            let rest = rest.filter(|check| !matches!(check, Check::Region | Check::Credentials));
            return rest.for_each(|check| tell(Finding::unseen(check, "the credentials come first")));
        }
    };
    let told = told.unwrap_or(Told::Nothing);
    let farm = Farm::new(&caller, session.region(), &told);
    futures::join!(of_bucket(&session, named, &told, &farm, tell), quotas(&session, &farm, tell), async {
        match (farm.offer, named) {
            (Some(offer), _) => of_farm_itself(&session, offer, &farm, tell).await,
            (None, Some(_)) => nothing_known(tell, "farm.json is not read, which names it"),
            (None, None) => nothing_known(tell, UNNAMED),
        }
    });
}

/// What `farm.json` names cannot be looked at.
fn nothing_known(tell: &dyn Fn(Finding), why: &str) {
    let named_there = [
        Check::Stack,
        Check::Images,
        Check::Queue,
        Check::Environments,
        Check::Subnets,
        Check::SecurityGroups,
        Check::Endpoint,
        Check::Logs,
    ];
    named_there.into_iter().for_each(|check| tell(Finding::unseen(check, why)));
}

async fn of_bucket(
    session: &Session,
    named: Option<&str>,
    told: &Told,
    farm: &Farm<'_>,
    tell: &dyn Fn(Finding),
) {
    let Some(name) = named else {
        tell(
            Finding::unseen(Check::Bucket, UNNAMED)
                .advise("Name its bucket with --bucket or in FARM_BUCKET (`cargo xtask outputs` prints it), or deploy one:")
                .run(farm.deploy()),
        );
        return tell(Finding::unseen(Check::Offer, UNNAMED));
    };
    tell(bucket::judge_told(told, farm));
    let client = aws_sdk_s3::Client::new(session.config());
    let heard = bucket::look(&client, name, &farm.caller.account).await;
    tell(bucket::judge(&heard, name, matches!(told, Told::Offer(_)), farm));
}

async fn quotas(session: &Session, farm: &Farm<'_>, tell: &dyn Fn(Finding)) {
    let client = aws_sdk_servicequotas::Client::new(session.config());
    let one = async |kind| tell(quotas::judge(kind, &quotas::look(&client, kind).await, farm));
    futures::join!(one(quotas::SPOT), one(quotas::ON_DEMAND));
}

async fn of_farm_itself(session: &Session, offer: &Offer, farm: &Farm<'_>, tell: &dyn Fn(Finding)) {
    let batch = aws_sdk_batch::Client::new(session.config());
    let stack = async {
        let Some(name) = farm.stack() else { return tell(unsaid(Check::Stack, "stack", farm)) };
        let client = aws_sdk_cloudformation::Client::new(session.config());
        tell(stack::judge(name, &stack::look(&client, name).await, farm));
    };
    let logs = async {
        let Some(name) = offer.logs.as_deref() else { return tell(unsaid(Check::Logs, "log group", farm)) };
        let client = aws_sdk_cloudwatchlogs::Client::new(session.config());
        tell(logs::judge(name, &logs::look(&client, name).await, farm));
    };
    // Whether tasks get public addresses is told by their definitions, and matters to their network.
    let (public, tasks) = tokio::sync::oneshot::channel();
    let images = async {
        let Some(name) = farm.stack() else { return tell(unsaid(Check::Images, "stack", farm)) };
        let found = definitions::look(&batch, name).await;
        let all = found.as_deref().unwrap_or_default();
        let sent = public.send((!all.is_empty()).then(|| all.iter().all(|definition| definition.public)));
        // Nobody may wait for it.
        let _: Result<(), _> = sent;
        let client = aws_sdk_ecr::Client::new(session.config());
        let lacking = images::lacking(&client, all).await;
        tell(images::judge(name, &found, &lacking, farm));
    };
    let queue = async {
        let public = async { tasks.await.ok().flatten() };
        of_queue(session, &batch, public, farm, tell).await;
    };
    futures::join!(stack, logs, images, queue);
}

/// What an older version did not write down.
fn unsaid(check: Check, what: &str, farm: &Farm<'_>) -> Finding {
    Finding::unseen(check, format!("farm.json names no {what}: an older version wrote it")).run(farm.deploy())
}

async fn of_queue(
    session: &Session,
    batch: &aws_sdk_batch::Client,
    public: impl Future<Output = Option<bool>>,
    farm: &Farm<'_>,
    tell: &dyn Fn(Finding),
) {
    let without = |why: &str| {
        [Check::Subnets, Check::SecurityGroups, Check::Endpoint]
            .into_iter()
            .for_each(|check| tell(Finding::unseen(check, why)));
    };
    let Some(arn) = farm.queue() else {
        tell(unsaid(Check::Queue, "queue", farm));
        tell(Finding::unseen(Check::Environments, "the queue names them"));
        return without("the queue's environments name them");
    };
    let found = queue::look(batch, arn).await;
    tell(queue::judge(arn, &found, farm));
    let Ok(Some(queue)) = found else {
        tell(Finding::unseen(Check::Environments, "the queue names them"));
        return without("the queue's environments name them");
    };
    let environments = queue::environments(batch, &queue).await;
    tell(queue::judge_environments(&queue, &environments, farm));
    let environments = environments.unwrap_or_default();
    if environments.is_empty() {
        return without("the queue's environments name them");
    }
    of_network(&Ec2::new(session), &network::Asked::of(&environments), public, farm, tell).await;
}

async fn of_network(
    ec2: &Ec2,
    asked: &network::Asked,
    public: impl Future<Output = Option<bool>>,
    farm: &Farm<'_>,
    tell: &dyn Fn(Finding),
) {
    let groups = async { tell(network::judge_groups(&asked.groups(ec2).await, farm)) };
    let subnets = async {
        let subnets = asked.subnets(ec2).await;
        let vpcs = network::networks(subnets.as_deref().unwrap_or_default());
        if vpcs.is_empty() {
            tell(way_out::judge(&subnets, &Ok(Vec::new()), &[], None, farm));
            return tell(Finding::unseen(Check::Endpoint, "the subnets name its network"));
        }
        let (tables, endpoints, gateways, public) =
            futures::join!(ec2.route_tables(&vpcs), ec2.endpoints(&vpcs), ec2.gateways(&vpcs), public);
        // It is only for the command: without it, words will do.
        let gateways = gateways.unwrap_or_default();
        tell(way_out::judge(&subnets, &tables, &gateways, public, farm));
        let (subnets, tables) = (subnets.unwrap_or_default(), tables.unwrap_or_default());
        if tables.is_empty() {
            return tell(Finding::unseen(Check::Endpoint, "the subnets' tables of routes name it"));
        }
        tell(network::judge_endpoint(&subnets, &tables, &endpoints, farm));
    };
    futures::join!(groups, subnets);
}
