//! Taking the farm down, with all that can be in the way.

use serde_json::{Value, json};

use crate::engine::{Engine, Kind};

const BUCKET: &str = "render-farm-123456789012-eu-west-1";

/// Uploads in several versions, delete markers, an upload that was never ended, and jobs.
fn fill(engine: &Engine) {
    engine.ask(&format!(
        "s3 = aws('s3')\n\
         for version in range(3):\n    s3.put_object(Bucket='{BUCKET}', Key='a.blend', Body=b'x' * (version + 1))\n\
         for frame in range(1100):\n    s3.put_object(Bucket='{BUCKET}', Key=f'a.blend/frame_{{frame:04}}.png', Body=b'p')\n\
         s3.delete_object(Bucket='{BUCKET}', Key='a.blend')\n\
         s3.put_object(Bucket='{BUCKET}', Key='no\\x01xml', Body=b'x')\n\
         s3.create_multipart_upload(Bucket='{BUCKET}', Key='half.blend')\n"
    ));
    engine.ask(
        "batch = aws('batch')\n\
         queue = batch.describe_job_queues()['jobQueues'][0]['jobQueueArn']\n\
         definition = [d for d in batch.describe_job_definitions()['jobDefinitions'] if d['jobDefinitionName'].endswith('zip')][0]['jobDefinitionArn']\n\
         batch.submit_job(jobName='array', jobQueue=queue, jobDefinition=definition, shareIdentifier='a', arrayProperties={'size': 5})\n\
         batch.submit_job(jobName='plain', jobQueue=queue, jobDefinition=definition, shareIdentifier='b')",
    );
}

/// What stands of a farm, by its kind.
fn left(engine: &Engine) -> Value {
    engine.ask(
        "print(json.dumps({\n\
         'roles': [r['RoleName'] for r in aws('iam').list_roles()['Roles'] if 'farm' in r['RoleName']],\n\
         'functions': aws('lambda').list_functions()['Functions'],\n\
         'failed events': aws('sqs').list_queues().get('QueueUrls', []),\n\
         'topics': aws('sns').list_topics()['Topics'],\n\
         'rules': [r['Name'] for r in aws('events').list_rules()['Rules']],\n\
         'alarms': aws('cloudwatch').describe_alarms()['MetricAlarms'],\n\
         'dashboards': aws('cloudwatch').list_dashboards()['DashboardEntries'],\n\
         'log groups': [g['logGroupName'] for g in aws('logs').describe_log_groups()['logGroups']],\n\
         'job definitions': [d['jobDefinitionArn'] for d in aws('batch').describe_job_definitions(status='ACTIVE')['jobDefinitions']],\n\
         'queues': aws('batch').describe_job_queues()['jobQueues'],\n\
         'policies': aws('batch').list_scheduling_policies()['schedulingPolicies'],\n\
         'environments': aws('batch').describe_compute_environments()['computeEnvironments'],\n\
         'repositories': aws('ecr').describe_repositories()['repositories'],\n\
         'endpoints': [e['VpcEndpointId'] for e in aws('ec2').describe_vpc_endpoints()['VpcEndpoints'] if e['State'] != 'deleted'],\n\
         'vpcs': [v['VpcId'] for v in aws('ec2').describe_vpcs()['Vpcs'] if not v['IsDefault']]}, default=str))",
    )
}

fn buckets(engine: &Engine) -> Value {
    engine.ask("print(json.dumps([b['Name'] for b in aws('s3').list_buckets()['Buckets']]))")
}

#[test]
fn what_would_be_lost_is_listed_and_then_it_is_gone_whatever_is_in_the_bucket() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.deploy(&["--protect"]).well();
    // A second revision of each definition, beside the first, which jobs may still name.
    engine.stack(&["deploy", "--yes", "--attempts", "2"]).well();
    fill(&engine);
    for (what, there) in left(&engine).as_object().unwrap() {
        assert_ne!(there, &json!([]), "no {what} to lose");
    }
    engine.stack(&["destroy", "--yes"]).badly(&["the stack `render-farm` is protected", "--unprotect"]);
    // Nobody can be asked, and nothing is agreed to.
    engine.stack(&["destroy", "--unprotect"]).badly(&["nobody can be asked here", "Give --yes"]);
    assert_eq!(engine.status("render-farm").as_deref(), Some("UPDATE_COMPLETE"));

    engine.stack(&["destroy", "--yes", "--unprotect"]).well().says(&[
        "39 resources",
        "2 jobs that are not over, which would be stopped",
        "the registry with all its images",
        // The uploads' versions and marker, the frames, one whose key XML cannot hold, the code,
        // two templates, and twice what farm it is.
        "1105 objects in 1110 versions",
        "1 unfinished upload",
        "stopping 2 jobs",
        "no job is left",
        "kept           Bucket",
        "emptying the bucket: 1000 of 1110 versions",
        "emptying the bucket: 1110 of 1110 versions",
        "The farm is gone.",
    ]);
    assert_eq!(engine.status("render-farm"), None);
    assert_eq!(buckets(&engine), json!([]));
    for (what, left) in left(&engine).as_object().unwrap() {
        assert_eq!(left, &json!([]), "{what} are left");
    }
}

#[test]
fn the_bucket_can_be_kept_and_taken_down_later() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.deploy(&[]).well();
    engine
        .stack(&["destroy", "--yes", "--keep-bucket"])
        .well()
        .says(&["(kept: the bucket", "The next deploy of `render-farm` takes it over"]);
    assert_eq!(engine.status("render-farm"), None);
    assert_eq!(buckets(&engine), json!([BUCKET]));
    engine.stack(&["destroy", "--yes", "--keep-bucket"]).well().says(&["nothing to do"]);
    engine.stack(&["destroy", "--yes"]).well().says(&["is gone; this is left of it", "The farm is gone."]);
    assert_eq!(buckets(&engine), json!([]));
}

#[test]
fn an_environment_that_a_queue_still_names_is_tried_again() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.deploy(&[]).well();
    // Batch takes an environment off its queue in its own time; here another queue names it for a while.
    engine.ask(
        "batch = aws('batch')\n\
         environment = batch.describe_compute_environments()['computeEnvironments'][0]['computeEnvironmentArn']\n\
         batch.create_job_queue(jobQueueName='in-the-way', priority=1, state='DISABLED', computeEnvironmentOrder=[{'order': 1, 'computeEnvironment': environment}])",
    );
    let child = engine.command(&["destroy", "--yes"]).spawn().unwrap();
    let seen = "import time\n\
                cf = aws('cloudformation')\n\
                for _ in range(600):\n    if cf.describe_stacks(StackName='render-farm')['Stacks'][0]['StackStatus'] == 'DELETE_FAILED': break\n    time.sleep(0.1)\n\
                aws('batch').delete_job_queue(jobQueue='in-the-way')";
    engine.ask(seen);
    crate::engine::Ran::of(&child.wait_with_output().unwrap()).well().says(&[
        "Cannot delete, found existing JobQueue relationship",
        "Trying again in a moment.",
        "The farm is gone.",
    ]);
    assert_eq!(engine.status("render-farm"), None);
}

#[test]
fn somebody_who_thinks_better_of_it_has_a_queue_that_works_again() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.deploy(&[]).well();
    let state = "print(json.dumps(aws('batch').describe_job_queues()['jobQueues'][0]['state']))";
    let close = "b = aws('batch')\nb.update_job_queue(jobQueue=b.describe_job_queues()['jobQueues'][0]['jobQueueArn'], state='DISABLED')";
    engine.ask(close);
    assert_eq!(engine.ask(state), "DISABLED");
    engine.deploy(&[]).well().says(&["No change"]);
    assert_eq!(engine.ask(state), "ENABLED");
    engine.ask(close);
    engine.deploy(&["--set", "LogRetentionDays=7"]).well().says(&["~ RenderLogs"]);
    assert_eq!(engine.ask(state), "ENABLED", "also where something changes besides");
}

#[test]
fn a_destroy_that_is_killed_is_ended_by_the_next() {
    let Some(engine) = Engine::start(Kind::Mended) else { return };
    engine.deploy(&[]).well();
    fill(&engine);
    for until in ["stopping 2 jobs", "deleting       Queue", "emptying the bucket: 1000 of"] {
        engine.kill_once_told(&["destroy", "--yes"], until);
    }
    assert_eq!(buckets(&engine), json!([BUCKET]));
    engine.stack(&["destroy", "--yes"]).well().says(&["is gone; this is left of it", "The farm is gone."]);
    assert_eq!(engine.status("render-farm"), None);
    assert_eq!(buckets(&engine), json!([]));
}
