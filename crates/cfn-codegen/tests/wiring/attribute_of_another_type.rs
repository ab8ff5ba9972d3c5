use stack::cfn::{Handle, ec2, iam};

fn subnet(role: &Handle<iam::Role>) -> ec2::Subnet {
    ec2::Subnet::new(role.vpc_id())
}

fn main() {}
