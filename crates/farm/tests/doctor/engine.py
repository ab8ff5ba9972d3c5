"""Moto on a port of its own, and in it a farm for each region that is asked for.

A line of standard input is a request, {"region": ..., "snippet": ...}; a line of standard output is its answer, in
JSON. The first request for a region makes its farm, in the order in which the farm's stack would; the snippet, if any,
then breaks something of it. What it may name: `aws(SERVICE)`, and the names and ids in `farm`. It ends with its input.
"""

import hashlib
import json
import logging
import os
import sys
import traceback

# Calls are answered by the server alone; here nobody is to be asked who calls.
os.environ.update(AWS_ACCESS_KEY_ID="testing", AWS_SECRET_ACCESS_KEY="testing")
logging.getLogger("werkzeug").setLevel(logging.ERROR)

import boto3  # noqa: E402
from moto.moto_server.threaded_moto_server import ThreadedMotoServer  # noqa: E402

ACCOUNT = "123456789012"
STACK = "render-farm"
# A stack of something: its state is all that is looked at.
TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}})
HTTPS = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}


def network(aws, farm):
    ec2, region = aws("ec2"), farm["region"]
    vpc = farm["vpc"] = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    farm["gateway"] = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=farm["gateway"], VpcId=vpc)
    farm["table"] = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=farm["table"], DestinationCidrBlock="0.0.0.0/0", GatewayId=farm["gateway"])
    for name, block in (("subnet_a", "10.0.0.0/18"), ("subnet_b", "10.0.64.0/18")):
        farm[name] = ec2.create_subnet(VpcId=vpc, CidrBlock=block)["Subnet"]["SubnetId"]
        ec2.associate_route_table(RouteTableId=farm["table"], SubnetId=farm[name])
    farm["endpoint"] = ec2.create_vpc_endpoint(
        VpcId=vpc,
        ServiceName=f"com.amazonaws.{region}.s3",
        VpcEndpointType="Gateway",
        RouteTableIds=[farm["table"]],
    )["VpcEndpoint"]["VpcEndpointId"]
    group = farm["group"] = ec2.create_security_group(GroupName="tasks", Description="d", VpcId=vpc)["GroupId"]
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
    ec2.revoke_security_group_egress(GroupId=group, IpPermissions=[everything])
    ec2.authorize_security_group_egress(GroupId=group, IpPermissions=[HTTPS])


def images(aws, farm):
    ecr = aws("ecr")
    ecr.create_repository(repositoryName=STACK)
    for name in ("render-4-5", "zip"):
        manifest = json.dumps({"schemaVersion": 2, "layers": [], "config": {"name": name}})
        media = "application/vnd.oci.image.manifest.v1+json"
        put = ecr.put_image(
            repositoryName=STACK,
            imageManifest=manifest,
            imageManifestMediaType=media,
            imageTag=name,
            imageDigest="sha256:" + hashlib.sha256(manifest.encode()).hexdigest(),
        )
        farm[f"digest of {name}"] = put["image"]["imageId"]["imageDigest"]


def jobs(aws, farm):
    batch, region = aws("batch"), farm["region"]
    # Batch makes one for itself; moto wants to be given one.
    role = f"service-{region}"
    role = aws("iam").create_role(RoleName=role, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    order = []
    for number, (name, kind) in enumerate((("spot", "FARGATE_SPOT"), ("on-demand", "FARGATE"))):
        made = batch.create_compute_environment(
            computeEnvironmentName=name,
            type="MANAGED",
            state="ENABLED",
            serviceRole=role,
            computeResources={
                "type": kind,
                "maxvCpus": 256,
                "subnets": [farm["subnet_a"], farm["subnet_b"]],
                "securityGroupIds": [farm["group"]],
            },
        )
        farm[name] = made["computeEnvironmentArn"]
        order.append({"order": number + 1, "computeEnvironment": farm[name]})
    queue = batch.create_job_queue(jobQueueName="farm", state="ENABLED", priority=1, computeEnvironmentOrder=order)
    farm["queue"] = queue["jobQueueArn"]
    host = f"{ACCOUNT}.dkr.ecr.{region}.amazonaws.com/{STACK}"
    for name in ("render-4-5", "render-4-5-large", "zip"):
        digest = farm["digest of " + name.removesuffix("-large")]
        batch.register_job_definition(
            jobDefinitionName=f"{STACK}-{name}",
            type="container",
            platformCapabilities=["FARGATE"],
            containerProperties={
                "image": f"{host}@{digest}",
                "executionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/execution",
                "networkConfiguration": {"assignPublicIp": "ENABLED"},
                "resourceRequirements": [{"type": "VCPU", "value": "4"}, {"type": "MEMORY", "value": "8192"}],
            },
        )


def offer(farm):
    return {
        "version": 1,
        "blenders": ["4.5"],
        "stack": STACK,
        "queue": farm["queue"],
        "logs": farm["logs"],
        "tasks": {"vcpus": 4.0, "memory_mib": 8192, "vcpus_allowed": 256.0, "runs": "spot-first"},
    }


def put_offer(aws, farm, **changed):
    told = {name: value for name, value in (offer(farm) | changed).items() if value is not None}
    aws("s3").put_object(Bucket=farm["bucket"], Key=".farm/farm.json", Body=json.dumps(told))


def stand(aws, region):
    farm = {"region": region, "bucket": f"{STACK}-{ACCOUNT}-{region}", "logs": f"{STACK}-logs"}
    # The first region of all has no name there.
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    aws("s3").create_bucket(Bucket=farm["bucket"], **place)
    aws("cloudformation").create_stack(StackName=STACK, TemplateBody=TEMPLATE)
    network(aws, farm)
    images(aws, farm)
    jobs(aws, farm)
    # One that begins alike is not it.
    for name in (farm["logs"] + "-other", farm["logs"]):
        aws("logs").create_log_group(logGroupName=name)
    put_offer(aws, farm)
    return farm


def main():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    print(json.dumps(f"{host}:{port}"), flush=True)
    farms = {}
    for line in sys.stdin:
        request = json.loads(line)
        region = request["region"]

        def aws(service):
            return boto3.client(service, region_name=region, endpoint_url=f"http://{host}:{port}")

        try:
            if region not in farms:
                farms[region] = stand(aws, region)
            exec(request["snippet"], {"aws": aws, "farm": farms[region], "put_offer": put_offer, "STACK": STACK})
            answer = farms[region]
        except Exception:
            answer = {"failed": traceback.format_exc()}
        print(json.dumps(answer), flush=True)
    server.stop()


main()
