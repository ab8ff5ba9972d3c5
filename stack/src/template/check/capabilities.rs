//! What whoever deploys must have said yes to.

use crate::template::document::Document;

/// A capability, as CloudFormation asks for it when rights are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Capability {
    /// Rights are made.
    Iam,
    /// Rights are made under names that the template chooses.
    NamedIam,
}

impl Capability {
    /// As the API spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Iam => "CAPABILITY_IAM",
            Self::NamedIam => "CAPABILITY_NAMED_IAM",
        }
    }
}

/// Types that make rights, with the property by which the template may name them.
const RIGHTS: [(&str, Option<&str>); 10] = [
    ("AWS::IAM::AccessKey", None),
    ("AWS::IAM::Group", Some("GroupName")),
    ("AWS::IAM::GroupPolicy", None),
    ("AWS::IAM::InstanceProfile", Some("InstanceProfileName")),
    ("AWS::IAM::ManagedPolicy", Some("ManagedPolicyName")),
    ("AWS::IAM::Policy", None),
    ("AWS::IAM::Role", Some("RoleName")),
    ("AWS::IAM::RolePolicy", None),
    ("AWS::IAM::User", Some("UserName")),
    ("AWS::IAM::UserPolicy", None),
];

/// The capability that a deploy of this template needs; none where it makes no rights. The
/// larger one includes the smaller.
pub fn capabilities(document: &Document) -> Option<Capability> {
    let needed = document.resources.values().filter_map(|declared| {
        let (_, name) = RIGHTS.iter().find(|(kind, _)| *kind == declared.kind)?;
        let named = name.is_some_and(|name| declared.properties.get(name).is_some());
        Some(if named { Capability::NamedIam } else { Capability::Iam })
    });
    needed.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_rights_need_the_larger_one() {
        for (resources, expected) in [
            ("A: {Type: 'AWS::SQS::Queue'}", None),
            ("A: {Type: 'AWS::IAM::Role'}", Some("CAPABILITY_IAM")),
            ("A: {Type: 'AWS::IAM::Policy', Properties: {PolicyName: x}}", Some("CAPABILITY_IAM")),
            (
                "{A: {Type: 'AWS::IAM::Role', Properties: {RoleName: x}}, B: {Type: 'AWS::IAM::Role'}}",
                Some("CAPABILITY_NAMED_IAM"),
            ),
        ] {
            let resources =
                if resources.starts_with('{') { resources.to_owned() } else { format!("{{{resources}}}") };
            let document = Document::parse(&format!("Resources: {resources}")).expect("a template");
            assert_eq!(capabilities(&document).map(Capability::as_str), expected, "{resources}");
        }
    }
}
