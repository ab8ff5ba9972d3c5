//! How packets of the tasks leave their subnets: without a way out none reaches the registry.

use std::collections::BTreeSet;

use farm_aws::AwsError;

use super::call::unseen;
use super::farm::Farm;
use super::network::{EVERYWHERE, table};
use crate::doctor::check::Check;
use crate::doctor::ec2::{Gateway, Route, RouteTable, Subnet};
use crate::doctor::finding::{Finding, word};

/// Whether the subnets have a way out. `public`: whether tasks get public addresses, where that is known.
pub(super) fn judge(
    subnets: &Result<Vec<Subnet>, AwsError>,
    all: &Result<Vec<RouteTable>, AwsError>,
    gateways: &[Gateway],
    public: Option<bool>,
    farm: &Farm<'_>,
) -> Finding {
    let check = Check::Subnets;
    let subnets = match subnets {
        Ok(subnets) => subnets,
        Err(error) if error.code.as_deref() == Some("InvalidSubnetID.NotFound") => {
            return Finding::bad(check, format!("a subnet of the farm is gone: {}", error.words))
                .run(farm.deploy());
        }
        Err(error) => return unseen(check, error, "ec2:DescribeSubnets", farm.who()),
    };
    let all = match all {
        Ok(all) => all,
        Err(error) => return unseen(check, error, "ec2:DescribeRouteTables", farm.who()),
    };
    if subnets.is_empty() {
        return Finding::bad(check, "the environments name no subnet").run(farm.deploy());
    }
    let ways: Vec<(&Subnet, Way<'_>)> =
        subnets.iter().map(|subnet| (subnet, Way::of(table(subnet, all)))).collect();
    let closed: Vec<_> =
        ways.iter().filter(|(_, way)| !matches!(way, Way::Gateway(_) | Way::Other(_))).collect();
    if !closed.is_empty() {
        let told: Vec<_> =
            closed.iter().map(|(subnet, way)| format!("{} {}", subnet.id, way.lacks())).collect();
        let says = format!("{}: tasks there reach no registry", told.join("; "));
        let mut mends: Vec<String> = closed
            .iter()
            .filter_map(|(subnet, way)| way.mend(table(subnet, all)?, gateways, farm.region))
            .collect();
        mends.dedup();
        let finding = Finding::bad(check, says);
        return match mends.is_empty() {
            true => {
                finding.advise("Give them a table of routes with one for 0.0.0.0/0 to an internet gateway.")
            }
            false => mends.into_iter().fold(finding, Finding::run),
        };
    }
    let through: BTreeSet<&str> = ways.iter().filter_map(|(_, way)| way.through()).collect();
    let through = through.into_iter().collect::<Vec<_>>().join(" and ");
    let gateway = ways.iter().any(|(_, way)| matches!(way, Way::Gateway(_)));
    if gateway && public == Some(false) {
        let says = format!("the way out is {through}, but the job definitions give tasks no public address");
        return Finding::bad(check, says).run(farm.deploy());
    }
    let number = subnets.len();
    let paid = match ways.iter().any(|(_, way)| matches!(way, Way::Other(id) if id.starts_with("nat-"))) {
        true => ", which is paid for by the GB",
        false => "",
    };
    let noun = if number == 1 {
        "1 subnet has a way out".to_owned()
    } else {
        format!("{number} subnets have a way out")
    };
    Finding::good(check, format!("{noun}: {through}{paid}"))
}

/// How packets leave a subnet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way<'a> {
    /// Through an internet gateway, with a public address.
    Gateway(&'a str),
    /// Through something else that is there.
    Other(&'a str),
    /// Its route leads to what is gone.
    Hole,
    /// It has no route.
    Nowhere,
    /// It has no table of routes that may be seen.
    NoTable,
}

impl<'a> Way<'a> {
    fn of(table: Option<&'a RouteTable>) -> Self {
        let Some(table) = table else { return Self::NoTable };
        let out = table.routes.iter().find(|route| route.to == EVERYWHERE);
        match out {
            None => Self::Nowhere,
            Some(Route { active: false, .. }) => Self::Hole,
            Some(route) if route.through.starts_with("igw-") => Self::Gateway(&route.through),
            Some(route) => Self::Other(&route.through),
        }
    }

    fn through(self) -> Option<&'a str> {
        match self {
            Self::Gateway(id) | Self::Other(id) => Some(id),
            Self::Hole | Self::Nowhere | Self::NoTable => None,
        }
    }

    fn lacks(self) -> &'static str {
        match self {
            Self::Hole => "has a route for 0.0.0.0/0 to what is gone",
            Self::NoTable => "has no table of routes",
            Self::Gateway(_) | Self::Other(_) | Self::Nowhere => "has no route for 0.0.0.0/0",
        }
    }

    fn mend(self, table: &RouteTable, gateways: &[Gateway], region: &str) -> Option<String> {
        let verb = match self {
            Self::Hole => "replace-route",
            Self::Nowhere => "create-route",
            Self::Gateway(_) | Self::Other(_) | Self::NoTable => return None,
        };
        let gateway = gateways.iter().find(|gateway| gateway.vpcs.contains(&table.vpc))?;
        Some(format!(
            "aws ec2 {verb} --route-table-id {} --destination-cidr-block {EVERYWHERE} --gateway-id {} --region {}",
            word(&table.id),
            word(&gateway.id),
            word(region)
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::aws::farm::sample;
    use crate::doctor::aws::network::tests::{subnet, table};
    use crate::doctor::finding::{Mend, Verdict};

    fn judged(tables: Vec<RouteTable>, public: Option<bool>) -> Finding {
        let gateways = [Gateway { id: "igw-1".into(), vpcs: vec!["vpc-1".into()] }];
        judge(&Ok(vec![subnet("subnet-a"), subnet("subnet-b")]), &Ok(tables), &gateways, public, &sample())
    }

    #[test]
    fn a_way_out_leads_through_something_that_is_there() {
        let open = Some(("igw-1", true));
        let own = judged(
            vec![table("rtb-own", &["subnet-a", "subnet-b"], open), table("rtb-main", &[], None)],
            None,
        );
        assert_eq!(own.says, "2 subnets have a way out: igw-1");
        assert_eq!(
            judged(vec![table("rtb-main", &[], open)], Some(true)).verdict,
            Verdict::Good,
            "the main one"
        );
        let nat = judged(vec![table("rtb-main", &[], Some(("nat-1", true)))], Some(false));
        assert_eq!(nat.says, "2 subnets have a way out: nat-1, which is paid for by the GB");
        let hidden = judged(vec![table("rtb-main", &[], open)], Some(false));
        assert!(hidden.verdict == Verdict::Bad && hidden.says.contains("no public address"), "{hidden:?}");
    }

    #[test]
    fn a_way_out_that_lacks_is_made_with_a_command() {
        let command = |verb: &str, table: &str| {
            Mend::Run(format!(
                "aws ec2 {verb} --route-table-id {table} --destination-cidr-block 0.0.0.0/0 --gateway-id igw-1 --region \
                 eu-west-1"
            ))
        };
        let one = judged(
            vec![table("rtb-own", &["subnet-a"], None), table("rtb-main", &[], Some(("igw-1", true)))],
            None,
        );
        assert_eq!(one.says, "subnet-a has no route for 0.0.0.0/0: tasks there reach no registry");
        assert_eq!(one.mends, [command("create-route", "rtb-own")]);
        let both = judged(vec![table("rtb-main", &[], Some(("igw-0", false)))], None);
        assert!(both.says.contains("to what is gone; subnet-b"), "{both:?}");
        assert_eq!(both.mends, [command("replace-route", "rtb-main")], "one command for both");
        let none = judged(Vec::new(), None);
        assert!(none.verdict == Verdict::Bad && matches!(none.mends[..], [Mend::Do(_)]), "{none:?}");
    }
}
