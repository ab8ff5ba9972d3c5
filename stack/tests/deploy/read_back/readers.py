"""One reader for each type: what its service says, in CloudFormation's words."""

import base64
import json
import re

from asking import ask, one, part, reads


# Batch


@reads("AWS::Batch::ComputeEnvironment")
def compute_environment(arn, stack):
    answer = ask("batch", "describe_compute_environments", computeEnvironments=[arn])
    return one(answer["ComputeEnvironments"])


@reads("AWS::Batch::JobQueue")
def job_queue(arn, stack):
    return one(ask("batch", "describe_job_queues", jobQueues=[arn])["JobQueues"])


@reads("AWS::Batch::SchedulingPolicy")
def scheduling_policy(arn, stack):
    return one(ask("batch", "describe_scheduling_policies", arns=[arn])["SchedulingPolicies"])


@reads("AWS::Batch::JobDefinition")
def job_definition(arn, stack):
    answer = ask("batch", "describe_job_definitions", jobDefinitions=[arn])
    # One that was deregistered is still shown.
    definition = one(each for each in answer["JobDefinitions"] if each["Status"] == "ACTIVE")
    for condition in definition.get("RetryStrategy", {}).get("EvaluateOnExit", []):
        # Batch shows the actions in lower case, whichever way they were given.
        condition["Action"] = condition["Action"].upper()
    return definition


# CloudWatch, its logs, and events


@reads("AWS::CloudWatch::Alarm")
def alarm(name, stack):
    return one(ask("cloudwatch", "describe_alarms", AlarmNames=[name])["MetricAlarms"])


@reads("AWS::CloudWatch::Dashboard")
def dashboard(name, stack):
    return ask("cloudwatch", "get_dashboard", DashboardName=name)


@reads("AWS::Logs::LogGroup")
def log_group(name, stack):
    # It is asked for by how its name begins, which others may too.
    answer = ask("logs", "describe_log_groups", logGroupNamePrefix=name)
    return one(each for each in answer["LogGroups"] if each["LogGroupName"] == name)


@reads("AWS::Events::Rule")
def rule(name, stack):
    rule = ask("events", "describe_rule", Name=name)
    # The pattern is JSON as a text.
    rule["EventPattern"] = json.loads(rule["EventPattern"])
    # The targets are a list of their own.
    return rule | ask("events", "list_targets_by_rule", Rule=name)


# The network


@reads("AWS::EC2::VPC")
def vpc(id, stack):
    vpc = one(ask("ec2", "describe_vpcs", VpcIds=[id])["Vpcs"])
    for switch in ("EnableDnsHostnames", "EnableDnsSupport"):
        # Each has a call of its own, and its value is wrapped.
        attribute = switch[0].lower() + switch[1:]
        answer = ask("ec2", "describe_vpc_attribute", VpcId=id, Attribute=attribute)
        vpc[switch] = answer[switch]["Value"]
    return vpc


@reads("AWS::EC2::Subnet")
def subnet(id, stack):
    return one(ask("ec2", "describe_subnets", SubnetIds=[id])["Subnets"])


@reads("AWS::EC2::InternetGateway")
def internet_gateway(id, stack):
    return one(ask("ec2", "describe_internet_gateways", InternetGatewayIds=[id])["InternetGateways"])


@reads("AWS::EC2::VPCGatewayAttachment")
def gateway_attachment(id, stack):
    # `IGW|vpc-1`, and it is a part of the gateway.
    named = {"Name": "attachment.vpc-id", "Values": [id.split("|")[1]]}
    gateway = one(ask("ec2", "describe_internet_gateways", Filters=[named])["InternetGateways"])
    return gateway | one(gateway["Attachments"])


def route_tables(filter, value):
    named = {"Name": filter, "Values": [value]}
    return ask("ec2", "describe_route_tables", Filters=[named])["RouteTables"]


@reads("AWS::EC2::RouteTable")
def route_table(id, stack):
    return one(route_tables("route-table-id", id))


@reads("AWS::EC2::Route")
def route(id, stack):
    # `rtb-1|0.0.0.0/0`, where LocalStack has a tilde, and it is a part of the table.
    table, destination = re.split("[|~]", id)
    table = one(route_tables("route-table-id", table))
    return table | one(
        each for each in table["Routes"] if each.get("DestinationCidrBlock") == destination
    )


@reads("AWS::EC2::SubnetRouteTableAssociation")
def route_table_association(id, stack):
    # It is a part of the table.
    table = one(route_tables("association.route-table-association-id", id))
    return one(each for each in table["Associations"] if each["RouteTableAssociationId"] == id)


@reads("AWS::EC2::VPCEndpoint")
def vpc_endpoint(id, stack):
    endpoint = one(ask("ec2", "describe_vpc_endpoints", VpcEndpointIds=[id])["VpcEndpoints"])
    # The policy is JSON as a text.
    return endpoint | {"PolicyDocument": json.loads(endpoint["PolicyDocument"])}


@reads("AWS::EC2::SecurityGroup")
def security_group(id, stack):
    group = one(ask("ec2", "describe_security_groups", GroupIds=[id])["SecurityGroups"])
    return group | {
        # EC2 calls it otherwise.
        "GroupDescription": group["Description"],
        # EC2 gathers the peers of a port; CloudFormation has a rule for each.
        "SecurityGroupEgress": list(rules(group["IpPermissionsEgress"])),
        "SecurityGroupIngress": list(rules(group["IpPermissions"])),
    }


def rules(permissions):
    peers = ("IpRanges", "Ipv6Ranges", "PrefixListIds", "UserIdGroupPairs")
    for permission in permissions:
        ports = {key: value for key, value in permission.items() if key not in peers}
        for peer in peers:
            for each in permission.get(peer, []):
                yield ports | each


# Images, roles, notices


@reads("AWS::ECR::Repository")
def repository(name, stack):
    repository = one(ask("ecr", "describe_repositories", repositoryNames=[name])["Repositories"])
    # The policy has a call of its own, and CloudFormation wraps it.
    policy = part("LifecyclePolicyText", "ecr", "get_lifecycle_policy", repositoryName=name)
    return repository | {"LifecyclePolicy": policy}


@reads("AWS::IAM::Role")
def role(name, stack):
    # IAM's documents are encoded as in a URL; botocore decodes them.
    role = ask("iam", "get_role", RoleName=name)["Role"]
    # It lists the names of the policies alone.
    names = ask("iam", "list_role_policies", RoleName=name)["PolicyNames"]
    policies = [ask("iam", "get_role_policy", RoleName=name, PolicyName=each) for each in names]
    # Those of somebody else's are a list of their own.
    attached = ask("iam", "list_attached_role_policies", RoleName=name)["AttachedPolicies"]
    arns = [each["PolicyArn"] for each in attached]
    return role | {"Policies": policies, "ManagedPolicyArns": arns}


@reads("AWS::SNS::Topic")
def topic(arn, stack):
    return ask("sns", "get_topic_attributes", TopicArn=arn)["Attributes"]


@reads("AWS::SNS::Subscription")
def subscription(arn, stack):
    return ask("sns", "get_subscription_attributes", SubscriptionArn=arn)["Attributes"]


# Queues


def queue_attributes(url):
    answer = ask("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=["All"])
    return answer["Attributes"]


@reads("AWS::SQS::Queue")
def queue(url, stack):
    # SQS has every attribute as a text; those that are none are read as JSON.
    return {
        name: json.loads(text) if re.fullmatch(r"\d+|true|false", text) else text
        for name, text in queue_attributes(url).items()
    }


@reads("AWS::SQS::QueuePolicy")
def queue_policy(id, stack):
    # Its id names no queue. It is the policy of those of the stack's that have one, as a text.
    policies = {url: queue_attributes(url).get("Policy") for url in stack["AWS::SQS::Queue"]}
    policy = one({text for text in policies.values() if text})
    return {
        "PolicyDocument": json.loads(policy),
        "Queues": [url for url, text in policies.items() if text],
    }


# The function


@reads("AWS::Lambda::Function")
def function(name, stack):
    function = ask("lambda", "get_function_configuration", FunctionName=name)
    # Lambda tells of its code only the digest, in base64; the key of the code has it in hexadecimal.
    digest = base64.b64decode(function["CodeSha256"]).hex()
    return function | {"Code": {"Sha256": digest}}


@reads("AWS::Lambda::Permission")
def permission(id, stack):
    # It is a statement of the policy of one of the stack's functions, which is JSON as a text.
    policies = [
        part("Policy", "lambda", "get_policy", FunctionName=name).get("Policy", '{"Statement": []}')
        for name in stack["AWS::Lambda::Function"]
    ]
    statements = [each for policy in policies for each in json.loads(policy)["Statement"]]
    statement = one(each for each in statements if each["Sid"] == id)
    # CloudFormation has no operators there: AWS:SourceArn is compared as an ARN, the rest as texts.
    conditions = {
        key.removeprefix("AWS:"): value
        for keys in statement.get("Condition", {}).values()
        for key, value in keys.items()
    }
    principal = statement["Principal"]
    return {
        "Action": statement["Action"],
        # The policy names the function by its ARN.
        "FunctionName": statement["Resource"].split(":")[6],
        # The policy says of which kind the principal is.
        "Principal": one(principal.values()) if isinstance(principal, dict) else principal,
        **conditions,
    }


@reads("AWS::Lambda::EventInvokeConfig")
def event_invoke_config(id, stack):
    # Its id need not name a function. It is that of the one of the stack's that has one.
    config = one(
        config
        for name in stack["AWS::Lambda::Function"]
        for config in ask("lambda", "list_function_event_invoke_configs", FunctionName=name)[
            "FunctionEventInvokeConfigs"
        ]
    )
    # Lambda names the function and its version by one ARN.
    name, qualifier = config["FunctionArn"].split(":")[6:]
    return config | {"FunctionName": name, "Qualifier": qualifier}


# The bucket


@reads("AWS::S3::Bucket")
def bucket(name, stack):
    one(each for each in ask("s3", "list_buckets")["Buckets"] if each["Name"] == name)
    bucket = {"Bucket": name}
    encryption = part(
        "ServerSideEncryptionConfiguration", "s3", "get_bucket_encryption", **bucket
    ).get("ServerSideEncryptionConfiguration", {"Rules": []})
    lifecycle = part("Rules", "s3", "get_bucket_lifecycle_configuration", **bucket)
    notifications = ask("s3", "get_bucket_notification_configuration", **bucket)
    return {
        "BucketName": name,
        "VersioningConfiguration": ask("s3", "get_bucket_versioning", **bucket),
        "BucketEncryption": {
            # S3 has one more level, and another name for what is done by default.
            "ServerSideEncryptionConfiguration": [
                renamed(each, ApplyServerSideEncryptionByDefault="ServerSideEncryptionByDefault")
                for each in encryption["Rules"]
            ]
        },
        "LifecycleConfiguration": {
            "Rules": [lifecycle_rule(each) for each in lifecycle.get("Rules", [])]
        },
        "NotificationConfiguration": {
            "LambdaConfigurations": [
                configuration
                for each in notifications.get("LambdaFunctionConfigurations", [])
                for configuration in lambda_configurations(each)
            ]
        },
        "Tags": part("TagSet", "s3", "get_bucket_tagging", **bucket).get("TagSet", []),
        **part("OwnershipControls", "s3", "get_bucket_ownership_controls", **bucket),
        **part("PublicAccessBlockConfiguration", "s3", "get_public_access_block", **bucket),
    }


def renamed(whole, **names):
    return {names.get(key, key): value for key, value in whole.items()}


def lifecycle_rule(rule):
    """CloudFormation has beside each other what S3 puts into `Expiration`, `Filter` and `And`."""
    filter = rule.pop("Filter", {})
    filter = filter.get("And", filter)
    tags = filter.get("Tags", [filter["Tag"]] if "Tag" in filter else [])
    sizes = {key: value for key, value in filter.items() if key.startswith("ObjectSize")}
    expiration = renamed(rule.pop("Expiration", {}), Days="ExpirationInDays", Date="ExpirationDate")
    # A rule for all objects has an empty prefix.
    prefix = {"Prefix": filter["Prefix"]} if filter.get("Prefix") else {}
    tags = {"TagFilters": tags} if tags else {}
    return renamed(rule, ID="Id") | expiration | prefix | tags | sizes


def lambda_configurations(configuration):
    """S3 has one of them for several events, CloudFormation for one."""
    filters = configuration.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    # S3 shows `Suffix`, where either was given.
    rules = [each | {"Name": each["Name"].lower()} for each in filters]
    for event in configuration["Events"]:
        yield {
            "Event": event,
            "Function": configuration["LambdaFunctionArn"],
            "Filter": {"S3Key": {"Rules": rules}},
        }


@reads("AWS::S3::BucketPolicy")
def bucket_policy(id, stack):
    # Its id need not name a bucket. It is that of the one of the stack's that has one, as a text.
    policies = {
        name: part("Policy", "s3", "get_bucket_policy", Bucket=name).get("Policy")
        for name in stack["AWS::S3::Bucket"]
    }
    bucket, policy = one((name, text) for name, text in policies.items() if text)
    return {"Bucket": bucket, "PolicyDocument": json.loads(policy)}
