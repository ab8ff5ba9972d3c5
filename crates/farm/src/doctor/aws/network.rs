//! The network of the tasks: what it is made of, what its groups let out, and how frames go to the bucket.

use std::collections::BTreeSet;

use aws_sdk_batch::types::ComputeEnvironmentDetail;
use farm_aws::AwsError;

use super::call::unseen;
use super::farm::Farm;
use crate::doctor::check::Check;
use crate::doctor::ec2::{Ec2, Group, Outgoing, RouteTable, Subnet, VpcEndpoint};
use crate::doctor::finding::{Finding, word};

/// All addresses.
pub(super) const EVERYWHERE: &str = "0.0.0.0/0";
const HTTPS: i64 = 443;

/// What the environments name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Asked {
    subnets: Vec<String>,
    groups: Vec<String>,
}

impl Asked {
    pub fn of(environments: &[ComputeEnvironmentDetail]) -> Self {
        let all = || environments.iter().filter_map(|environment| environment.compute_resources());
        Self {
            subnets: each_once(all().flat_map(|resources| resources.subnets())),
            groups: each_once(all().flat_map(|resources| resources.security_group_ids())),
        }
    }

    /// The named subnets, in the order in which they are named.
    pub async fn subnets(&self, ec2: &Ec2) -> Result<Vec<Subnet>, AwsError> {
        if self.subnets.is_empty() {
            return Ok(Vec::new());
        }
        let mut subnets = ec2.subnets(&self.subnets).await?;
        subnets.sort_by_key(|subnet| self.subnets.iter().position(|named| *named == subnet.id));
        Ok(subnets)
    }

    pub async fn groups(&self, ec2: &Ec2) -> Result<Vec<Group>, AwsError> {
        if self.groups.is_empty() { Ok(Vec::new()) } else { ec2.groups(&self.groups).await }
    }
}

/// The same without what was there before.
fn each_once<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(name.as_str())).cloned().collect()
}

/// The networks of subnets.
pub(super) fn networks(subnets: &[Subnet]) -> Vec<String> {
    let each_once: BTreeSet<&String> = subnets.iter().map(|subnet| &subnet.vpc).collect();
    each_once.into_iter().cloned().collect()
}

/// The table by which packets of a subnet go: its own, or the network's main one.
pub(super) fn table<'a>(subnet: &Subnet, tables: &'a [RouteTable]) -> Option<&'a RouteTable> {
    let own = tables.iter().find(|table| table.subnets.contains(&subnet.id));
    own.or_else(|| tables.iter().find(|table| table.main && table.vpc == subnet.vpc))
}

/// The tables of all of them, each once.
fn tables<'a>(subnets: &[Subnet], all: &'a [RouteTable]) -> Vec<&'a RouteTable> {
    let mut found: Vec<&RouteTable> = subnets.iter().filter_map(|subnet| table(subnet, all)).collect();
    found.sort_by_key(|table| &table.id);
    found.dedup_by_key(|table| &table.id);
    found
}

/// Whether the security groups let HTTPS out.
pub(super) fn judge_groups(groups: &Result<Vec<Group>, AwsError>, farm: &Farm<'_>) -> Finding {
    let check = Check::SecurityGroups;
    let groups = match groups {
        Ok(groups) => groups,
        Err(error) if error.code.as_deref().is_some_and(|code| code.starts_with("InvalidGroup")) => {
            return Finding::bad(check, format!("a security group of the farm is gone: {}", error.words))
                .run(farm.deploy());
        }
        Err(error) => return unseen(check, error, "ec2:DescribeSecurityGroups", farm.who()),
    };
    let Some(first) = groups.first() else {
        return Finding::bad(check, "the environments name no security group").run(farm.deploy());
    };
    let names: Vec<&str> = groups.iter().map(|group| group.id.as_str()).collect();
    let names = names.join(" and ");
    let lets = |outgoing: &Outgoing| {
        let tcp = matches!(outgoing.protocol.as_str(), "tcp" | "6");
        let port = outgoing.from_port.is_some_and(|from| from <= HTTPS)
            && outgoing.to_port.is_some_and(|to| to >= HTTPS);
        outgoing.protocol == "-1" || tcp && port
    };
    // What one of them lets out goes out.
    let out: BTreeSet<&str> = groups
        .iter()
        .flat_map(|group| &group.outgoing)
        .filter(|outgoing| lets(outgoing))
        .flat_map(|outgoing| outgoing.to.iter().map(String::as_str))
        .collect();
    let open = format!(
        "aws ec2 authorize-security-group-egress --group-id {} --protocol tcp --port {HTTPS} --cidr {EVERYWHERE} \
         --region {}",
        word(&first.id),
        word(farm.region)
    );
    if out.contains(EVERYWHERE) {
        Finding::good(check, format!("{names} lets HTTPS out"))
    } else if out.is_empty() {
        let says =
            format!("{names} lets no HTTPS (port {HTTPS}) out: tasks reach neither registry nor bucket");
        Finding::bad(check, says).run(open)
    } else {
        let out: Vec<_> = out.into_iter().collect();
        let says = format!(
            "{names} lets HTTPS out only to {}: registry, bucket and logs must be there",
            out.join(" and ")
        );
        Finding::warning(check, says).run(open)
    }
}

/// Whether frames go to the bucket by the way that costs nothing.
pub(super) fn judge_endpoint(
    subnets: &[Subnet],
    all: &[RouteTable],
    endpoints: &Result<Vec<VpcEndpoint>, AwsError>,
    farm: &Farm<'_>,
) -> Finding {
    let check = Check::Endpoint;
    let endpoints = match endpoints {
        Ok(endpoints) => endpoints,
        Err(error) => return unseen(check, error, "ec2:DescribeVpcEndpoints", farm.who()),
    };
    let service = format!("com.amazonaws.{}.s3", farm.region);
    let covers = |table: &RouteTable| {
        endpoints.iter().any(|endpoint| {
            endpoint.service.ends_with(&service)
                && endpoint.kind == "Gateway"
                && endpoint.state.eq_ignore_ascii_case("available")
                && endpoint.route_tables.contains(&table.id)
        })
    };
    let lacking: Vec<&RouteTable> = tables(subnets, all).into_iter().filter(|table| !covers(table)).collect();
    if lacking.is_empty() {
        return Finding::good(check, "a gateway endpoint: frames do not leave AWS's network");
    }
    let says = "there is no gateway endpoint of S3: frames go through the internet gateway, and by the GB through a NAT";
    let commands = networks(subnets).into_iter().filter_map(|vpc| {
        let ids: Vec<String> =
            lacking.iter().filter(|table| table.vpc == vpc).map(|table| word(&table.id)).collect();
        (!ids.is_empty()).then(|| {
            format!(
                "aws ec2 create-vpc-endpoint --vpc-endpoint-type Gateway --vpc-id {} --service-name {} --route-table-ids {} \
                 --region {}",
                word(&vpc),
                word(&service),
                ids.join(" "),
                word(farm.region)
            )
        })
    });
    commands.fold(Finding::warning(check, says), Finding::run)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::doctor::aws::farm::sample;
    use crate::doctor::ec2::Route;
    use crate::doctor::finding::{Mend, Verdict};

    pub fn subnet(id: &str) -> Subnet {
        Subnet { id: id.into(), vpc: "vpc-1".into() }
    }

    pub fn table(id: &str, subnets: &[&str], out: Option<(&str, bool)>) -> RouteTable {
        let local = Route { to: "10.0.0.0/16".into(), through: "local".into(), active: true };
        let out =
            out.map(|(through, active)| Route { to: EVERYWHERE.into(), through: through.into(), active });
        RouteTable {
            id: id.into(),
            vpc: "vpc-1".into(),
            main: subnets.is_empty(),
            subnets: subnets.iter().map(|id| (*id).to_owned()).collect(),
            routes: [local].into_iter().chain(out).collect(),
        }
    }

    #[test]
    fn https_must_get_out_to_everywhere() {
        let out = |protocol: &str, ports: Option<(i64, i64)>, to: &str| {
            let outgoing = Outgoing {
                protocol: protocol.into(),
                from_port: ports.map(|(from, _)| from),
                to_port: ports.map(|(_, to)| to),
                to: vec![to.into()],
            };
            judge_groups(&Ok(vec![Group { id: "sg-1".into(), outgoing: vec![outgoing] }]), &sample())
        };
        for good in [
            out("tcp", Some((443, 443)), EVERYWHERE),
            out("6", Some((0, 65535)), EVERYWHERE),
            out("-1", None, EVERYWHERE),
        ] {
            assert_eq!(good.verdict, Verdict::Good, "{good:?}");
        }
        assert_eq!(out("tcp", Some((443, 443)), "10.0.0.0/8").verdict, Verdict::Warning);
        for bad in [out("tcp", Some((80, 80)), EVERYWHERE), out("udp", Some((443, 443)), EVERYWHERE)] {
            assert_eq!((bad.verdict, bad.mends.len()), (Verdict::Bad, 1), "{bad:?}");
        }
    }

    #[test]
    fn the_way_to_the_bucket_must_be_in_each_table() {
        let subnets = [subnet("subnet-a"), subnet("subnet-b")];
        let tables = [table("rtb-a", &["subnet-a"], None), table("rtb-b", &["subnet-b"], None)];
        let endpoint = |ids: &[&str], state: &str| VpcEndpoint {
            vpc: "vpc-1".into(),
            service: "com.amazonaws.eu-west-1.s3".into(),
            kind: "Gateway".into(),
            state: state.into(),
            route_tables: ids.iter().map(|id| (*id).to_owned()).collect(),
        };
        let judged =
            |endpoint: VpcEndpoint| judge_endpoint(&subnets, &tables, &Ok(vec![endpoint]), &sample());
        assert_eq!(judged(endpoint(&["rtb-a", "rtb-b"], "available")).verdict, Verdict::Good);
        let half = judged(endpoint(&["rtb-a"], "available"));
        let command = "aws ec2 create-vpc-endpoint --vpc-endpoint-type Gateway --vpc-id vpc-1 --service-name \
                       com.amazonaws.eu-west-1.s3 --route-table-ids rtb-b --region eu-west-1";
        assert_eq!((half.verdict, half.mends), (Verdict::Warning, vec![Mend::Run(command.to_owned())]));
        assert_eq!(judged(endpoint(&["rtb-a", "rtb-b"], "pending")).verdict, Verdict::Warning);
    }
}
