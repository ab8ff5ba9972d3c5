use stack::cfn::batch;

fn queue() -> batch::JobQueue {
    batch::JobQueue { priorities: None, ..batch::JobQueue::new(1) }
}

fn main() {}
