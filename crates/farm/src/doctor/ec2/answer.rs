//! EC2's answers, as far as anybody asks for them here.

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};

type Element<'inp, 'a> = ScopedDecoder<'inp, 'a>;

/// A subnet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subnet {
    pub id: String,
    pub vpc: String,
}

/// A table of routes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RouteTable {
    pub id: String,
    pub vpc: String,
    /// Whether it is that of all subnets which have none of their own.
    pub main: bool,
    /// Subnets whose own it is.
    pub subnets: Vec<String>,
    pub routes: Vec<Route>,
}

/// A way that packets go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Route {
    /// Where to: a block of addresses.
    pub to: String,
    /// Through what: the id of a gateway or the like.
    pub through: String,
    /// Whether that is there.
    pub active: bool,
}

/// A security group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    pub id: String,
    pub outgoing: Vec<Outgoing>,
}

/// What a group lets out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// `tcp`, or `-1` for all.
    pub protocol: String,
    pub from_port: Option<i64>,
    pub to_port: Option<i64>,
    /// Where to: blocks of addresses.
    pub to: Vec<String>,
}

/// A way to a service of AWS that does not leave the network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VpcEndpoint {
    pub vpc: String,
    pub service: String,
    pub kind: String,
    pub state: String,
    pub route_tables: Vec<String>,
}

/// An internet gateway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gateway {
    pub id: String,
    /// Networks whose it is.
    pub vpcs: Vec<String>,
}

pub fn subnets(xml: &str) -> Result<Vec<Subnet>, XmlDecodeError> {
    list(xml, "subnetSet", |item: &mut Subnet, name, value| {
        match name {
            "subnetId" => item.id = text(value)?,
            "vpcId" => item.vpc = text(value)?,
            _ => {}
        }
        Ok(())
    })
}

pub fn route_tables(xml: &str) -> Result<Vec<RouteTable>, XmlDecodeError> {
    list(xml, "routeTableSet", |item: &mut RouteTable, name, value| {
        match name {
            "routeTableId" => item.id = text(value)?,
            "vpcId" => item.vpc = text(value)?,
            "routeSet" => item.routes = items(value, route)?,
            "associationSet" => {
                for (main, subnet) in items(value, association)? {
                    item.main |= main;
                    item.subnets.extend(subnet);
                }
            }
            _ => {}
        }
        Ok(())
    })
}

fn route(item: &mut Route, name: &str, value: &mut Element<'_, '_>) -> Result<(), XmlDecodeError> {
    match name {
        "destinationCidrBlock" => item.to = text(value)?,
        "state" => item.active = text(value)? == "active",
        // Of these there is one in each.
        "gatewayId"
        | "natGatewayId"
        | "transitGatewayId"
        | "networkInterfaceId"
        | "vpcPeeringConnectionId" => {
            let through = text(value)?;
            if !through.is_empty() {
                item.through = through;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether it is the main one, and the subnet that has the table for its own.
fn association(
    item: &mut (bool, Option<String>),
    name: &str,
    value: &mut Element<'_, '_>,
) -> Result<(), XmlDecodeError> {
    match name {
        "main" => item.0 = text(value)? == "true",
        "subnetId" => item.1 = Some(text(value)?).filter(|id| !id.is_empty()),
        _ => {}
    }
    Ok(())
}

pub fn groups(xml: &str) -> Result<Vec<Group>, XmlDecodeError> {
    list(xml, "securityGroupInfo", |item: &mut Group, name, value| {
        match name {
            "groupId" => item.id = text(value)?,
            "ipPermissionsEgress" => item.outgoing = items(value, outgoing)?,
            _ => {}
        }
        Ok(())
    })
}

fn outgoing(item: &mut Outgoing, name: &str, value: &mut Element<'_, '_>) -> Result<(), XmlDecodeError> {
    match name {
        "ipProtocol" => item.protocol = text(value)?,
        "fromPort" => item.from_port = text(value)?.parse().ok(),
        "toPort" => item.to_port = text(value)?.parse().ok(),
        "ipRanges" => item.to.extend(named(value, "cidrIp")?),
        "prefixListIds" => item.to.extend(named(value, "prefixListId")?),
        _ => {}
    }
    Ok(())
}

pub fn endpoints(xml: &str) -> Result<Vec<VpcEndpoint>, XmlDecodeError> {
    list(xml, "vpcEndpointSet", |item: &mut VpcEndpoint, name, value| {
        match name {
            "vpcId" => item.vpc = text(value)?,
            "serviceName" => item.service = text(value)?,
            "vpcEndpointType" => item.kind = text(value)?,
            "state" => item.state = text(value)?,
            "routeTableIdSet" => {
                while let Some(mut id) = value.next_tag() {
                    item.route_tables.push(text(&mut id)?);
                }
            }
            _ => {}
        }
        Ok(())
    })
}

pub fn gateways(xml: &str) -> Result<Vec<Gateway>, XmlDecodeError> {
    list(xml, "internetGatewaySet", |item: &mut Gateway, name, value| {
        match name {
            "internetGatewayId" => item.id = text(value)?,
            "attachmentSet" => item.vpcs = named(value, "vpcId")?,
            _ => {}
        }
        Ok(())
    })
}

/// Code and message of an error; none where it says none.
pub fn error(xml: &str) -> (Option<String>, Option<String>) {
    let found = list(xml, "Errors", |item: &mut (Option<String>, Option<String>), name, value| {
        match name {
            "Code" => item.0 = Some(text(value)?),
            "Message" => item.1 = Some(text(value)?),
            _ => {}
        }
        Ok(())
    });
    found.ok().and_then(|errors| errors.into_iter().next()).unwrap_or_default()
}

/// The items of a set that stands below the root.
fn list<T: Default>(
    xml: &str,
    set: &str,
    read: impl Fn(&mut T, &str, &mut Element<'_, '_>) -> Result<(), XmlDecodeError>,
) -> Result<Vec<T>, XmlDecodeError> {
    let mut document = Document::new(xml);
    let mut root = document.root_element()?;
    let mut found = Vec::new();
    while let Some(mut tag) = root.next_tag() {
        if tag.start_el().local() == set {
            found.extend(items(&mut tag, &read)?);
        }
    }
    Ok(found)
}

/// The items of a set, each read field by field.
fn items<T: Default>(
    set: &mut Element<'_, '_>,
    read: impl Fn(&mut T, &str, &mut Element<'_, '_>) -> Result<(), XmlDecodeError>,
) -> Result<Vec<T>, XmlDecodeError> {
    let mut found = Vec::new();
    while let Some(mut item) = set.next_tag() {
        let mut one = T::default();
        while let Some(mut field) = item.next_tag() {
            let name = field.start_el().local().to_owned();
            read(&mut one, &name, &mut field)?;
        }
        found.push(one);
    }
    Ok(found)
}

/// What the items of a set have in this field.
fn named(set: &mut Element<'_, '_>, field: &str) -> Result<Vec<String>, XmlDecodeError> {
    let found = items(set, |item: &mut String, name, value| {
        if name == field {
            *item = text(value)?;
        }
        Ok(())
    })?;
    Ok(found.into_iter().filter(|value| !value.is_empty()).collect())
}

fn text(element: &mut Element<'_, '_>) -> Result<String, XmlDecodeError> {
    Ok(try_data(element)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_of_routes_is_read_with_what_it_leads_through() {
        let xml = r#"<?xml version="1.0"?><DescribeRouteTablesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
          <requestId>r</requestId><routeTableSet><item><routeTableId>rtb-1</routeTableId><vpcId>vpc-1</vpcId>
          <routeSet>
            <item><destinationCidrBlock>10.0.0.0/16</destinationCidrBlock><gatewayId>local</gatewayId><state>active</state></item>
            <item><destinationCidrBlock>0.0.0.0/0</destinationCidrBlock><natGatewayId>nat-1</natGatewayId><gatewayId/><state>blackhole</state></item>
          </routeSet>
          <associationSet>
            <item><routeTableAssociationId>a</routeTableAssociationId><main>true</main></item>
            <item><subnetId>subnet-1</subnetId><main>false</main><associationState><state>associated</state></associationState></item>
          </associationSet></item></routeTableSet></DescribeRouteTablesResponse>"#;
        let route =
            |to: &str, through: &str, active| Route { to: to.into(), through: through.into(), active };
        let expected = RouteTable {
            id: "rtb-1".into(),
            vpc: "vpc-1".into(),
            main: true,
            subnets: vec!["subnet-1".into()],
            routes: vec![route("10.0.0.0/16", "local", true), route("0.0.0.0/0", "nat-1", false)],
        };
        assert_eq!(route_tables(xml).expect("tables"), [expected]);
    }

    #[test]
    fn a_group_is_read_with_what_it_lets_out() {
        let xml = "<R><securityGroupInfo><item><groupId>sg-1</groupId><ipPermissions><item><ipProtocol>tcp</ipProtocol></item>\
                   </ipPermissions><ipPermissionsEgress><item><ipProtocol>tcp</ipProtocol><fromPort>443</fromPort>\
                   <toPort>443</toPort><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp><description>a &amp; b</description></item>\
                   </ipRanges></item><item><ipProtocol>-1</ipProtocol></item></ipPermissionsEgress></item></securityGroupInfo></R>";
        let found = groups(xml).expect("groups");
        let all = Outgoing { protocol: "-1".into(), ..Outgoing::default() };
        let https = Outgoing {
            protocol: "tcp".into(),
            from_port: Some(443),
            to_port: Some(443),
            to: vec!["0.0.0.0/0".into()],
        };
        assert_eq!(found, [Group { id: "sg-1".into(), outgoing: vec![https, all] }]);
    }

    #[test]
    fn an_error_is_read_and_what_is_none_is_no_answer() {
        let xml = "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized</Message>\
                   </Error></Errors><RequestID>r</RequestID></Response>";
        assert_eq!(error(xml), (Some("UnauthorizedOperation".into()), Some("You are not authorized".into())));
        for nothing in
            ["", "Service Unavailable", "<html>", "<a></b></c>", "<Response><Errors><Error><Code><x/>"]
        {
            assert_eq!(error(nothing), (None, None), "{nothing}");
            assert!(
                subnets(nothing).is_err() || subnets(nothing).is_ok_and(|found| found.is_empty()),
                "{nothing}"
            );
        }
    }
}
