// The farm's stack as one writes it with the CDK: the same things, for as many Blenders, with the constructs that the
// CDK has for each. `cargo xtask bench template` measures `cdk synth` of it beside `stack synth`.

import {
  App,
  Aws,
  CfnOutput,
  CfnParameter,
  Duration,
  Fn,
  RemovalPolicy,
  Size,
  Stack,
  aws_batch as batch,
  aws_cloudwatch as cloudwatch,
  aws_cloudwatch_actions as actions,
  aws_ec2 as ec2,
  aws_ecr as ecr,
  aws_ecs as ecs,
  aws_events as events,
  aws_events_targets as targets,
  aws_iam as iam,
  aws_lambda as lambda,
  aws_lambda_destinations as destinations,
  aws_logs as logs,
  aws_s3 as s3,
  aws_sns as sns,
  aws_sns_subscriptions as subscriptions,
  aws_sqs as sqs,
} from "aws-cdk-lib";

const blenders = process.env.BLENDERS.split(" ");
const app = new App({ analyticsReporting: false });
const stack = new Stack(app, "render-farm");

const number = (id, value) => new CfnParameter(stack, id, { type: "Number", default: value }).valueAsNumber;
const text = (id, value) => new CfnParameter(stack, id, { default: value }).valueAsString;
const frameSeconds = number("FrameSeconds", 900);
const maxSpot = number("MaxSpotVcpus", 256);
const maxOnDemand = number("MaxOnDemandVcpus", 64);
const functionCode = text("FunctionCodeKey");
const email = text("Email", "somebody@example.com");
const bucketName = `${Aws.STACK_NAME}-${Aws.ACCOUNT_ID}-${Aws.REGION}`;
const objects = `arn:${Aws.PARTITION}:s3:::${bucketName}/*`;

const registry = new ecr.Repository(stack, "Registry", {
  repositoryName: Aws.STACK_NAME,
  imageScanOnPush: true,
  imageTagMutability: ecr.TagMutability.IMMUTABLE,
  lifecycleRules: [...blenders.map((version) => `render-${version.replace(".", "-")}-`), "zip-"].map((prefix) => ({
    tagPrefixList: [prefix],
    maxImageCount: 10,
  })),
});

const vpc = new ec2.Vpc(stack, "Vpc", {
  ipAddresses: ec2.IpAddresses.cidr("10.0.0.0/16"),
  maxAzs: 2,
  natGateways: 0,
  restrictDefaultSecurityGroup: false,
  subnetConfiguration: [{ name: "Public", subnetType: ec2.SubnetType.PUBLIC, cidrMask: 18 }],
  gatewayEndpoints: { Bucket: { service: ec2.GatewayVpcEndpointAwsService.S3 } },
});
const tasks = new ec2.SecurityGroup(stack, "Tasks", { vpc, allowAllOutbound: false });
tasks.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), "Registry, bucket and logs");

const environment = (id, spot, maxvCpus) =>
  new batch.FargateComputeEnvironment(stack, id, {
    vpc,
    vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
    securityGroups: [tasks],
    replaceComputeEnvironment: false,
    spot,
    maxvCpus,
  });
const queue = new batch.JobQueue(stack, "Queue", {
  computeEnvironments: [
    { computeEnvironment: environment("SpotCompute", true, maxSpot), order: 1 },
    { computeEnvironment: environment("OnDemandCompute", false, maxOnDemand), order: 2 },
  ],
  schedulingPolicy: new batch.FairshareSchedulingPolicy(stack, "FairShare", { shareDecay: Duration.hours(1) }),
  jobStateTimeLimitActions: [
    {
      maxTime: Duration.hours(24),
      reason: batch.JobStateTimeLimitActionsReason.INSUFFICIENT_INSTANCE_CAPACITY,
    },
    {
      maxTime: Duration.minutes(10),
      reason: batch.JobStateTimeLimitActionsReason.COMPUTE_ENVIRONMENT_MAX_RESOURCE,
    },
    {
      maxTime: Duration.minutes(10),
      reason: batch.JobStateTimeLimitActionsReason.JOB_RESOURCE_REQUIREMENT,
    },
  ],
});

const logGroup = (id) =>
  new logs.LogGroup(stack, id, { retention: logs.RetentionDays.ONE_MONTH, removalPolicy: RemovalPolicy.DESTROY });
const renderLogs = logGroup("RenderLogs");
const assumed = new iam.ServicePrincipal("ecs-tasks.amazonaws.com");
const role = (id, ...actions) => {
  const role = new iam.Role(stack, id, { assumedBy: assumed });
  role.addToPolicy(new iam.PolicyStatement({ actions, resources: [objects] }));
  return role;
};
const execution = new iam.Role(stack, "ExecutionRole", { assumedBy: assumed });
const renderRole = role("RenderRole", "s3:GetObject", "s3:GetObjectVersion", "s3:PutObject", "s3:PutObjectTagging");
const zipRole = role("ZipRole", "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:DeleteObject");

function definition(id, { name, image, memory, jobRole, stream, timeout }) {
  const container = new batch.EcsFargateContainerDefinition(stack, `${id}Container`, {
    image: ecs.ContainerImage.fromRegistry(image),
    cpu: 4,
    memory: Size.gibibytes(memory),
    jobRole,
    executionRole: execution,
    assignPublicIp: true,
    readonlyRootFilesystem: true,
    user: "1000:1000",
    fargateCpuArchitecture: ecs.CpuArchitecture.X86_64,
    fargateOperatingSystemFamily: ecs.OperatingSystemFamily.LINUX,
    environment: { FARM_MEMORY: String(memory * 1024), FARM_SCRATCH: "/scratch", HOME: "/scratch", TMPDIR: "/scratch" },
    logging: ecs.LogDriver.awsLogs({ logGroup: renderLogs, streamPrefix: stream }),
  });
  return new batch.EcsJobDefinition(stack, id, {
    jobDefinitionName: `${Aws.STACK_NAME}-${name}`,
    container,
    retryAttempts: 3,
    retryStrategies: [2, 3, 4].map((code) =>
      batch.RetryStrategy.of(batch.Action.EXIT, batch.Reason.custom({ onExitCode: String(code) })),
    ),
    schedulingPriority: 0,
    timeout,
  });
}
const jobs = blenders.flatMap((version) => {
  const digits = version.replace(".", "");
  const image = text(`RenderImage${digits}`);
  return [8, 30].map((memory) => {
    const large = memory > 8;
    return definition(`RenderJob${digits}${large ? "Large" : ""}`, {
      name: `render-${version.replace(".", "-")}${large ? "-large" : ""}`,
      image,
      memory,
      jobRole: renderRole,
      stream: "render",
      timeout: Duration.seconds(frameSeconds),
    });
  });
});
const zipJob = definition("ZipJob", {
  name: "zip",
  image: text("ZipImage"),
  memory: 8,
  jobRole: zipRole,
  stream: "zip",
  timeout: Duration.hours(6),
});

const failed = new sqs.Queue(stack, "FailedEvents", { retentionPeriod: Duration.days(14) });
const notices = new sns.Topic(stack, "Notices", { displayName: `Render farm ${Aws.STACK_NAME}` });
notices.addSubscription(new subscriptions.EmailSubscription(email));
const alarm = new cloudwatch.Alarm(stack, "FailedEventsAlarm", {
  metric: failed.metricNumberOfMessagesSent({ period: Duration.minutes(5), statistic: "Sum" }),
  evaluationPeriods: 1,
  threshold: 0,
  comparisonOperator: cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
  treatMissingData: cloudwatch.TreatMissingData.NOT_BREACHING,
});
alarm.addAlarmAction(new actions.SnsAction(notices));

const bucket = new s3.CfnBucket(stack, "Bucket", {
  bucketName,
  bucketEncryption: {
    serverSideEncryptionConfiguration: [{ serverSideEncryptionByDefault: { sseAlgorithm: "AES256" } }],
  },
  ownershipControls: { rules: [{ objectOwnership: "BucketOwnerEnforced" }] },
  publicAccessBlockConfiguration: {
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  },
  versioningConfiguration: { status: "Enabled" },
  lifecycleConfiguration: {
    rules: [
      {
        id: "tidy",
        status: "Enabled",
        abortIncompleteMultipartUpload: { daysAfterInitiation: 7 },
        noncurrentVersionExpiration: { noncurrentDays: 30 },
        expiredObjectDeleteMarker: true,
      },
      { id: "renders", status: "Enabled", expirationInDays: 90, tagFilters: [{ key: "rendered", value: "true" }] },
      ...["renders", "files", "projects"].map((folder) => ({
        id: `farm-${folder}`,
        status: "Enabled",
        expirationInDays: 90,
        prefix: `.farm/${folder}/`,
      })),
    ],
  },
});
bucket.applyRemovalPolicy(RemovalPolicy.RETAIN);

const triggerLogs = logGroup("TriggerLogs");
const trigger = new lambda.Function(stack, "TriggerFunction", {
  runtime: lambda.Runtime.PROVIDED_AL2023,
  architecture: lambda.Architecture.X86_64,
  handler: "bootstrap",
  code: lambda.Code.fromBucket(s3.Bucket.fromBucketName(stack, "Code", bucketName), functionCode),
  memorySize: 256,
  timeout: Duration.seconds(60),
  logGroup: triggerLogs,
  maxEventAge: Duration.hours(6),
  retryAttempts: 2,
  onFailure: new destinations.SqsDestination(failed),
  environment: {
    BUCKET_NAME: bucketName,
    JOB_QUEUE_ARN: queue.jobQueueArn,
    FARM_BLENDER_VERSION: blenders.join(" "),
    JOB_DEFINITION_ARN: Fn.join(" ", jobs.filter((_, at) => at % 2 === 0).map((job) => job.jobDefinitionArn)),
    LARGE_JOB_DEFINITION_ARN: Fn.join(" ", jobs.filter((_, at) => at % 2 === 1).map((job) => job.jobDefinitionArn)),
    ZIP_JOB_DEFINITION_ARN: zipJob.jobDefinitionArn,
    FARM_MAX_VCPUS: Fn.sub("${MaxSpotVcpus}"),
    FARM_TASK_VCPUS: "4",
    FARM_FRAME_SECONDS: Fn.sub("${FrameSeconds}"),
  },
});
trigger.addToRolePolicy(
  new iam.PolicyStatement({
    actions: ["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging", "s3:PutObject"],
    resources: [objects],
  }),
);
trigger.addToRolePolicy(
  new iam.PolicyStatement({ actions: ["batch:ListJobs", "batch:DescribeJobs"], resources: ["*"] }),
);
for (const job of [...jobs, zipJob]) job.grantSubmitJob(trigger, queue);
const permission = new lambda.CfnPermission(stack, "TriggerPermission", {
  action: "lambda:InvokeFunction",
  functionName: trigger.functionName,
  principal: "s3.amazonaws.com",
  sourceAccount: Aws.ACCOUNT_ID,
  sourceArn: `arn:${Aws.PARTITION}:s3:::${bucketName}`,
});
bucket.addResourceDependency(permission);
bucket.notificationConfiguration = {
  lambdaConfigurations: [".blend", ".blend.zip"].map((value) => ({
    event: "s3:ObjectCreated:*",
    function: trigger.functionArn,
    filter: { s3Key: { rules: [{ name: "suffix", value }] } },
  })),
};
new s3.CfnBucketPolicy(stack, "BucketPolicy", {
  bucket: bucket.ref,
  policyDocument: new iam.PolicyDocument({
    statements: [
      new iam.PolicyStatement({
        effect: iam.Effect.DENY,
        principals: [new iam.AnyPrincipal()],
        actions: ["s3:*"],
        resources: [bucket.attrArn, `${bucket.attrArn}/*`],
        conditions: { Bool: { "aws:SecureTransport": "false" } },
      }),
    ],
  }),
});
new events.Rule(stack, "JobEvents", {
  eventPattern: {
    source: ["aws.batch"],
    detailType: ["Batch Job State Change"],
    detail: {
      jobQueue: [queue.jobQueueArn],
      status: ["FAILED"],
      arrayProperties: { index: [{ exists: false }] },
    },
  },
  targets: [new targets.LambdaFunction(trigger, { deadLetterQueue: failed })],
});

const render = (metricName, statistic) =>
  new cloudwatch.Metric({ namespace: "RenderFarm", metricName, statistic, period: Duration.minutes(5) });
new cloudwatch.Dashboard(stack, "Dashboard", {
  widgets: [
    [
      new cloudwatch.GraphWidget({ title: "Frames", left: [render("Frames", "Sum"), render("Failures", "Sum")] }),
      new cloudwatch.GraphWidget({ title: "Seconds", left: [render("Seconds", "p50"), render("Seconds", "p95")] }),
    ],
    [
      new cloudwatch.LogQueryWidget({
        title: "Failed frames",
        logGroupNames: [renderLogs.logGroupName],
        queryLines: ["fields @timestamp, @message", "filter level = 'ERROR'", "sort @timestamp desc", "limit 50"],
      }),
      new cloudwatch.GraphWidget({ title: "Function", left: [trigger.metricDuration(), trigger.metricErrors()] }),
    ],
  ],
});

new CfnOutput(stack, "BucketName", { value: bucket.ref });
new CfnOutput(stack, "RegistryUri", { value: registry.repositoryUri });
new CfnOutput(stack, "QueueArn", { value: queue.jobQueueArn });

app.synth();
