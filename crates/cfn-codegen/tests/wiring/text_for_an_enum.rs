use stack::cfn::batch;

fn queue() -> batch::JobQueue {
    batch::JobQueue { state: Some("ENABLED"), ..batch::JobQueue::new(1) }
}

fn main() {}
