//! AWS's names as Rust's.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// Spellings that would be cut in the middle of a word.
const WHOLE: [(&str, &str); 4] = [("vCpus", "Vcpus"), ("vCpu", "Vcpu"), ("GiB", "Gib"), ("IPv", "Ipv")];

fn plain(name: &str) -> String {
    let whole = WHOLE.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to));
    whole.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { ' ' }).collect()
}

/// A type: `VPCEndpoint` is `VpcEndpoint`.
pub fn of_type(name: &str) -> String {
    plain(name).to_upper_camel_case()
}

/// A module, a method: `SizeInGiB` is `size_in_gib`.
pub fn of_module(name: &str) -> String {
    plain(name).to_snake_case()
}

/// A table: `JobTimeout` is `JOB_TIMEOUT`.
pub fn of_table(name: &str) -> String {
    of_module(name).to_uppercase()
}

/// A variant: `FARGATE_SPOT` is `FargateSpot`; one that starts with a digit gets a `V`.
pub fn of_variant(value: &str) -> String {
    let name = of_type(value);
    if name.starts_with(|c: char| c.is_ascii_digit()) { format!("V{name}") } else { name }
}

/// The kind that a part of a resource is: `AWS::EC2::SecurityGroup.GroupId` is `SecurityGroupId`.
/// What the type's name ends with and the part's begins with stands once.
pub fn of_kind(resource: &str, part: &str) -> String {
    let (resource, part) = (of_module(resource), of_module(part));
    let (mut words, part): (Vec<&str>, Vec<&str>) =
        (resource.split('_').collect(), part.split('_').collect());
    let twice =
        (0..=words.len().min(part.len())).rev().find(|n| words.ends_with(part.get(..*n).unwrap_or_default()));
    words.truncate(words.len() - twice.unwrap_or_default());
    words.extend(part);
    words.join("_").to_upper_camel_case()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aws_words_stay_whole() {
        assert_eq!(of_module("SizeInGiB"), "size_in_gib");
        assert_eq!(of_module("MaxvCpus"), "max_vcpus");
        assert_eq!(of_module("KMSMasterKeyID"), "kms_master_key_id");
        assert_eq!(of_type("VPCEndpoint"), "VpcEndpoint");
        assert_eq!(of_table("JobTimeout"), "JOB_TIMEOUT");
    }

    #[test]
    fn values_become_variants() {
        assert_eq!(
            ["FARGATE_SPOT", "python3.9", "SSE-C", "2.0"].map(of_variant),
            ["FargateSpot", "Python39", "SseC", "V20"]
        );
    }

    #[test]
    fn a_kind_says_nothing_twice() {
        let kind = |(resource, part)| of_kind(resource, part);
        assert_eq!(
            [
                ("Role", "Arn"),
                ("JobQueue", "JobQueueArn"),
                ("SecurityGroup", "GroupId"),
                ("VPC", "VpcId"),
                ("VPC", "Id")
            ]
            .map(kind),
            ["RoleArn", "JobQueueArn", "SecurityGroupId", "VpcId", "VpcId"]
        );
    }
}
