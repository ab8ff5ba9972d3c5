//! The network that tasks run in: the farm's own, or subnets of the user's.
//!
//! Public subnets without a way in: a task needs the registry, the bucket and the logs, and a
//! public address costs nothing while no task runs, where a NAT gateway would cost all month.

use super::config::FarmError;
use super::grants;
use super::parameters::FarmParameters;
use crate::cfn::{Condition, Expression, Handle, List, Value, ec2};
use crate::template::{Attributes, Template};

/// Subnets in as many zones: every region has two.
const SUBNETS: [(&str, &str, u32); 2] = [("SubnetA", "10.0.0.0/18", 0), ("SubnetB", "10.0.64.0/18", 1)];

/// Where tasks run.
pub(super) struct Network {
    pub subnets: List<ec2::SubnetId>,
    pub security_group: Handle<ec2::SecurityGroup>,
}

pub(super) fn add(template: &mut Template, parameters: &FarmParameters) -> Result<Network, FarmError> {
    let own = &parameters.own_network;
    let vpc = ec2::Vpc {
        cidr_block: Some("10.0.0.0/16".into()),
        enable_dns_hostnames: Some(true.into()),
        enable_dns_support: Some(true.into()),
        tags: Some([ec2::vpc::Tag::new("Name", stack_name())].into()),
        ..ec2::Vpc::new()
    };
    let vpc = template.add_with("Vpc", vpc, only_if(own))?;
    let gateway =
        ec2::InternetGateway { tags: Some([ec2::internet_gateway::Tag::new("Name", stack_name())].into()) };
    let gateway = template.add_with("InternetGateway", gateway, only_if(own))?;
    let attachment = ec2::VpcGatewayAttachment {
        internet_gateway_id: Some((&gateway).into()),
        ..ec2::VpcGatewayAttachment::new(&vpc)
    };
    let attachment = template.add_with("GatewayAttachment", attachment, only_if(own))?;
    let table = ec2::RouteTable {
        tags: Some([ec2::route_table::Tag::new("Name", stack_name())].into()),
        ..ec2::RouteTable::new(&vpc)
    };
    let table = template.add_with("RouteTable", table, only_if(own))?;
    let route = ec2::Route {
        destination_cidr_block: Some("0.0.0.0/0".into()),
        gateway_id: Some((&gateway).into()),
        ..ec2::Route::new(&table)
    };
    let after = Attributes { depends_on: vec![attachment.id().to_owned()], ..only_if(own) };
    template.add_with("DefaultRoute", route, after)?;
    let mut subnets = Vec::new();
    for (id, block, zone) in SUBNETS {
        subnets.push(subnet(template, own, &vpc, &table, id, block, zone)?);
    }
    // Frames go to the bucket and images come from it by this way: free of charge, and not
    // through a public address.
    let endpoint = ec2::VpcEndpoint {
        policy_document: Some(grants::endpoint()?.into()),
        route_table_ids: Some([&table].into()),
        service_name: Some(Value::sub("com.amazonaws.${AWS::Region}.s3")),
        vpc_endpoint_type: Some(ec2::vpc_endpoint::VpcEndpointType::Gateway.into()),
        ..ec2::VpcEndpoint::new(&vpc)
    };
    let metadata = grants::reasons(&[(
        "EverybodyInTheNetwork",
        "The policy of an endpoint only narrows what passes; who may do what, the roles say.",
    )])?;
    template.add_with("BucketEndpoint", endpoint, Attributes { metadata: Some(metadata), ..only_if(own) })?;
    let group = ec2::SecurityGroup {
        security_group_egress: Some(
            [ec2::security_group::Egress {
                cidr_ip: Some("0.0.0.0/0".into()),
                from_port: Some(443.into()),
                to_port: Some(443.into()),
                description: Some("Registry, bucket and logs".into()),
                ..ec2::security_group::Egress::new("tcp")
            }]
            .into(),
        ),
        vpc_id: Some(Value::choose(own, &(&vpc).into(), &parameters.vpc.value())?),
        ..ec2::SecurityGroup::new("Tasks of the render farm: no way in, HTTPS out")
    };
    let security_group = template.add("TaskSecurityGroup", group)?;
    let subnets = List::choose(own, &subnets.into(), &parameters.subnets.list())?;
    Ok(Network { subnets, security_group })
}

fn subnet(
    template: &mut Template,
    own: &Condition,
    vpc: &Handle<ec2::Vpc>,
    table: &Handle<ec2::RouteTable>,
    id: &str,
    block: &str,
    zone: u32,
) -> Result<Value<ec2::SubnetId>, FarmError> {
    let zones = serde_yaml::to_value(Expression::GetAZs(String::new()))?;
    let subnet = ec2::Subnet {
        availability_zone: Some(Value::Expression(Expression::Select(zone, zones))),
        cidr_block: Some(block.into()),
        // Batch asks for an address for each task; nothing else is to get one.
        map_public_ip_on_launch: Some(false.into()),
        tags: Some([ec2::subnet::Tag::new("Name", Value::sub(format!("${{AWS::StackName}}-{zone}")))].into()),
        ..ec2::Subnet::new(vpc)
    };
    let subnet = template.add_with(id, subnet, only_if(own))?;
    let association = ec2::SubnetRouteTableAssociation::new(table, &subnet);
    template.add_with(&format!("{id}Routes"), association, only_if(own))?;
    Ok((&subnet).into())
}

fn only_if(condition: &Condition) -> Attributes {
    Attributes { condition: Some(condition.name().to_owned()), ..Attributes::default() }
}

fn stack_name() -> Value<String> {
    super::pseudo("AWS::StackName")
}
