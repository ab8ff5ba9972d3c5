//! A farm in an account that is new, as the README shows it.

use aws_sdk_batch::types::{
    CeState, CeStatus, ComputeEnvironmentDetail, ComputeEnvironmentOrder, ComputeResource, CrType,
    JobQueueDetail, JqState, JqStatus,
};

use super::bucket::{self, Heard, Told};
use super::call::unseen;
use super::{caller, farm, logs, network, queue, quotas, stack, way_out};
use crate::doctor::check::Check;
use crate::doctor::ec2::{Gateway, Group, Outgoing, Route, RouteTable, Subnet};
use crate::doctor::finding::Finding;

/// What is found of it, in order.
pub fn found() -> Vec<Finding> {
    let farm = farm::sample();
    let told = Told::Offer(Box::new(farm.offer.cloned().expect("an offer")));
    let created = Ok(Some(("CREATE_COMPLETE".to_owned(), None)));
    let denied = aws_smithy_types::error::ErrorMetadata::builder().code("AccessDeniedException").build();
    let denied = aws_smithy_runtime_api::client::result::SdkError::service_error(denied, ());
    let denied = farm_aws::AwsError::new("look for the images", denied);
    let subnets = ["subnet-0a1b", "subnet-0c2d"].map(|id| Subnet { id: id.into(), vpc: "vpc-01f3".into() });
    let out = Route { to: "0.0.0.0/0".into(), through: "igw-07e9".into(), active: true };
    let table = RouteTable {
        id: "rtb-02b4".into(),
        vpc: "vpc-01f3".into(),
        main: true,
        subnets: Vec::new(),
        routes: vec![out],
    };
    let gateway = Gateway { id: "igw-07e9".into(), vpcs: vec!["vpc-01f3".into()] };
    let https = Outgoing {
        protocol: "tcp".into(),
        from_port: Some(443),
        to_port: Some(443),
        to: vec!["0.0.0.0/0".into()],
    };
    let group = Group { id: "sg-09a1".into(), outgoing: vec![https] };
    let (queue, environments) = batch();
    vec![
        caller::region(farm.region, farm.queue().and_then(farm::region_of)),
        caller::credentials(&Ok(farm.caller.clone()), true),
        bucket::judge(&Heard::Ours, "render-farm-123456789012-eu-west-1", true, &farm),
        bucket::judge_told(&told, &farm),
        stack::judge("render-farm", &created, &farm),
        unseen(Check::Images, &denied, "ecr:DescribeImages", farm.who()),
        queue::judge(farm.queue().expect("a queue"), &Ok(Some(queue.clone())), &farm),
        queue::judge_environments(&queue, &Ok(environments), &farm),
        quotas::judge(quotas::SPOT, &Ok(Some(6.0)), &farm),
        quotas::judge(quotas::ON_DEMAND, &Ok(Some(256.0)), &farm),
        way_out::judge(&Ok(subnets.to_vec()), &Ok(vec![table.clone()]), &[gateway], Some(true), &farm),
        network::judge_groups(&Ok(vec![group]), &farm),
        network::judge_endpoint(&subnets, &[table], &Ok(Vec::new()), &farm),
        logs::judge("render-farm-RenderLogs-1a2b", &Ok(false), &farm),
    ]
}

fn batch() -> (JobQueueDetail, Vec<ComputeEnvironmentDetail>) {
    let of = |name: &str, kind: CrType| {
        let arn = format!("arn:aws:batch:eu-west-1:123456789012:compute-environment/{name}");
        let resources = ComputeResource::builder().r#type(kind).maxv_cpus(256).build();
        let environment = ComputeEnvironmentDetail::builder()
            .compute_environment_name(name)
            .compute_environment_arn(&arn)
            .state(CeState::Enabled)
            .status(CeStatus::Valid)
            .compute_resources(resources);
        (arn, environment.build())
    };
    let all = [of("SpotCompute-3c4d", CrType::FargateSpot), of("OnDemandCompute-5e6f", CrType::Fargate)];
    let order = (1..).zip(&all).map(|(turn, (arn, _))| {
        ComputeEnvironmentOrder::builder().order(turn).compute_environment(arn).build()
    });
    let queue = JobQueueDetail::builder()
        .job_queue_name("Queue-1a2b")
        .state(JqState::Enabled)
        .status(JqStatus::Valid)
        .set_compute_environment_order(Some(order.collect()));
    (queue.build(), all.into_iter().map(|(_, environment)| environment).collect())
}
