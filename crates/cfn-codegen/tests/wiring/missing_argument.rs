use stack::cfn::batch;

fn queue() -> batch::JobQueue {
    batch::JobQueue::new()
}

fn main() {}
