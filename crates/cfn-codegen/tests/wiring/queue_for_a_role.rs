use stack::cfn::events::rule::Target;
use stack::cfn::{Handle, batch};

fn target(queue: &Handle<batch::JobQueue>) -> Target {
    Target { role_arn: Some(queue.job_queue_arn()), ..Target::new(queue, "queue") }
}

fn main() {}
