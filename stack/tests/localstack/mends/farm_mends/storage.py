"""AWS::S3::Bucket and AWS::S3::BucketPolicy, with what LocalStack's providers leave out."""

from localstack.services.cloudformation.resource_provider import ResourceRequest
from localstack.services.s3.resource_providers.aws_s3_bucket import S3BucketProvider
from localstack.services.s3.resource_providers.aws_s3_bucketpolicy import S3BucketPolicyProvider

from farm_engine.parameters import call
from farm_engine.pick import only, without
from farm_engine.providers import done, plugin


class Bucket(S3BucketProvider):
    """LocalStack's makes the bucket, its notifications and its versioning, and updates nothing."""

    KNOWN = {
        "BucketEncryption",
        "BucketName",
        "LifecycleConfiguration",
        "NotificationConfiguration",
        "OwnershipControls",
        "PublicAccessBlockConfiguration",
        "Tags",
        "VersioningConfiguration",
    }

    def create(self, request: ResourceRequest):
        self.refuse_unknown(request)
        event = super().create(request)
        self.settle(request.aws_client_factory.s3, event.resource_model)
        return event

    def update(self, request: ResourceRequest):
        self.refuse_unknown(request)
        model = {**request.previous_state, **request.desired_state}
        s3 = request.aws_client_factory.s3
        name = only(model, "BucketName")
        notifications = self._get_s3_bucket_notification_config({**request.desired_state, **name})
        s3.put_bucket_notification_configuration(
            **(notifications or {"Bucket": model["BucketName"], "NotificationConfiguration": {}})
        )
        versioning = request.desired_state.get("VersioningConfiguration", {"Status": "Suspended"})
        s3.put_bucket_versioning(Bucket=model["BucketName"], VersioningConfiguration=versioning)
        tags = {"TagSet": request.desired_state.get("Tags", [])}
        s3.put_bucket_tagging(Bucket=model["BucketName"], Tagging=tags)
        self.settle(s3, {**request.desired_state, **name})
        return done(model)

    def delete(self, request: ResourceRequest):
        """LocalStack's empties the bucket first. AWS refuses one that is not empty."""
        request.aws_client_factory.s3.delete_bucket(Bucket=request.previous_state["BucketName"])
        return done({})

    def _create_bucket_if_does_not_exist(self, model, region_name, s3_client):
        """LocalStack's takes over a bucket that is there. AWS refuses to."""
        if model["BucketName"] in [each["Name"] for each in s3_client.list_buckets()["Buckets"]]:
            raise ValueError(f"{model['BucketName']} already exists")
        place = {} if region_name == "us-east-1" else {"LocationConstraint": region_name}
        call(
            s3_client,
            "CreateBucket",
            {"Bucket": model["BucketName"], "CreateBucketConfiguration": place},
        )

    def refuse_unknown(self, request: ResourceRequest) -> None:
        if unknown := request.desired_state.keys() - self.KNOWN:
            raise ValueError(f"this engine's buckets have no {', '.join(sorted(unknown))}")

    def settle(self, s3, model: dict) -> None:
        bucket = {"Bucket": model["BucketName"]}
        if block := model.get("PublicAccessBlockConfiguration"):
            call(s3, "PutPublicAccessBlock", {**bucket, "PublicAccessBlockConfiguration": block})
        else:
            s3.delete_public_access_block(**bucket)
        if controls := model.get("OwnershipControls"):
            call(s3, "PutBucketOwnershipControls", {**bucket, "OwnershipControls": controls})
        else:
            s3.delete_bucket_ownership_controls(**bucket)
        if encryption := model.get("BucketEncryption"):
            given = encryption["ServerSideEncryptionConfiguration"]
            rules = [encryption_rule(each) for each in given]
            configuration = {"ServerSideEncryptionConfiguration": {"Rules": rules}}
            call(s3, "PutBucketEncryption", {**bucket, **configuration})
        else:
            s3.delete_bucket_encryption(**bucket)
        if lifecycle := model.get("LifecycleConfiguration"):
            rules = [lifecycle_rule(each) for each in lifecycle["Rules"]]
            configuration = {"LifecycleConfiguration": {"Rules": rules}}
            call(s3, "PutBucketLifecycleConfiguration", {**bucket, **configuration})
        else:
            s3.delete_bucket_lifecycle(**bucket)


def encryption_rule(given: dict) -> dict:
    rule = without(given, "ServerSideEncryptionByDefault")
    if by_default := given.get("ServerSideEncryptionByDefault"):
        rule["ApplyServerSideEncryptionByDefault"] = by_default
    return rule


def lifecycle_rule(given: dict) -> dict:
    """The two differ in how they say when objects expire and to which objects a rule applies."""
    moved = ("ExpirationInDays", "ExpiredObjectDeleteMarker", "Prefix", "TagFilters")
    rule = without(given, *moved)
    expiration = {
        name: given[property]
        for name, property in (
            ("Days", "ExpirationInDays"),
            ("ExpiredObjectDeleteMarker", "ExpiredObjectDeleteMarker"),
        )
        if property in given
    }
    if expiration:
        rule["Expiration"] = expiration
    prefix = only(given, "Prefix")
    tags = given.get("TagFilters", [])
    if len(tags) + len(prefix) > 1:
        rule["Filter"] = {"And": {**prefix, "Tags": tags}}
    elif tags:
        rule["Filter"] = {"Tag": tags[0]}
    else:
        rule["Filter"] = prefix or {"Prefix": ""}
    return rule


class BucketPolicy(S3BucketPolicyProvider):
    """LocalStack's updates nothing."""

    def update(self, request: ResourceRequest):
        return self.create(request)


bucket = plugin(Bucket)
bucket_policy = plugin(BucketPolicy)
