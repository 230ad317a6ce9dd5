"""Deploys template.yaml to moto, which imitates AWS, and compares what is made with what the code expects.

Each stage of samconfig.toml is a stack, and so are a table that was restored and a stack without accounts.
What moto makes is asked of its services; every program starts with the variables that its function got; and
functions/deliver/redrive delivers what the stack's undelivered queue tells of.

What moto does not know: the APIs (so no route, authorizer, domain or throttle is tried), the secret, alarms,
saved queries, subscriptions and bucket policies. Their properties are put together by moto all the same, and
held to the services' own descriptions. It makes functions without their logs and traces, and the table
without its expiry and backups; and it refuses nobody anything: that roles suffice is tried by
tests/support/policies.rs. tests/smoke tries what only AWS has.
"""

import contextlib
import http.server
import io
import json
import logging
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zipfile

import boto3
import botocore.session
import botocore.validate
from moto.awslambda.models import LambdaBackend
from moto.cloudformation.parsing import get_model_map
from moto.core.config import default_user_config
from moto.server import ThreadedMotoServer
from moto.ssm.models import Parameter

from transformed import BUCKET, KEY, ROOT, stages, transformed

UNKNOWN_TO_MOTO = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::RouteResponse",
    "AWS::ApiGatewayV2::Stage",
    "AWS::CloudWatch::Alarm",
    "AWS::Logs::QueryDefinition",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SecretsManager::Secret",
}
# What a call of a service is to a resource that moto does not make.
CALLS = {
    "AWS::ApiGatewayV2::ApiMapping": ("apigatewayv2", "CreateApiMapping"),
    "AWS::ApiGatewayV2::DomainName": ("apigatewayv2", "CreateDomainName"),
    "AWS::ApiGatewayV2::Stage": ("apigatewayv2", "CreateStage"),
    "AWS::CloudWatch::Alarm": ("cloudwatch", "PutMetricAlarm"),
}
MOST_ALARMS = 12
RESTORED = "restored"


def teach_moto():
    """moto makes parameters of Systems Manager, but does not tell their values to other resources. Its
    functions answer what they are told to, instead of running, and its streams keep what they have."""
    default_user_config["lambda"]["use_docker"] = False
    LambdaBackend.send_dynamodb_items = lambda *_: None
    Parameter.has_cfn_attr = classmethod(lambda cls, name: name == "Value")
    Parameter.get_cfn_attribute = lambda self, name: self.value


def without_unknown(template):
    """The template without what moto does not know, which others call by its name; and with what every
    resource has said as an output."""
    resources = template["Resources"]
    unknown = {name for name, it in resources.items() if it["Type"] not in get_model_map()}
    types = {resources[name]["Type"] for name in unknown}
    assert types <= UNKNOWN_TO_MOTO, f"moto does not know {types - UNKNOWN_TO_MOTO}"

    def named(node):
        if isinstance(node, list):
            return [named(item) for item in node]
        if not isinstance(node, dict):
            return node
        if node.get("Ref") in unknown:
            return node["Ref"]
        if "Fn::GetAtt" in node and node["Fn::GetAtt"][0] in unknown:
            return ".".join(node["Fn::GetAtt"])
        if "Fn::Sub" in node:
            text, *values = node["Fn::Sub"] if isinstance(node["Fn::Sub"], list) else [node["Fn::Sub"]]
            text = re.sub(r"\$\{(\w+)(\.\w+)?\}", lambda it: it[1] + (it[2] or "") if it[1] in unknown else it[0], text)
            return {"Fn::Sub": [text, *named(values)] if values else text}
        return {key: named(value) for key, value in node.items()}

    outputs = dict(template["Outputs"])
    for name, resource in resources.items():
        said = {"Value": {"Fn::ToJsonString": resource.get("Properties", {})}}
        outputs[f"Said{name}"] = said | ({"Condition": resource["Condition"]} if "Condition" in resource else {})
    kept = {name: it for name, it in resources.items() if name not in unknown}
    return template | {"Resources": named(kept), "Outputs": named(outputs)}


class Stack:
    """A stack in moto."""

    def __init__(self, name, parameters):
        self.name = name
        template = transformed(parameters)
        self.types = {logical: it["Type"] for logical, it in template["Resources"].items()}
        cloudformation = boto3.client("cloudformation")
        cloudformation.create_stack(StackName=name, TemplateBody=json.dumps(without_unknown(template)),
                                    Capabilities=["CAPABILITY_IAM"])
        stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        made = cloudformation.list_stack_resources(StackName=name)["StackResourceSummaries"]
        self.made = {it["LogicalResourceId"]: it["PhysicalResourceId"] for it in made}
        outputs = {it["OutputKey"]: it["OutputValue"] for it in stack["Outputs"]}
        self.said = {key[4:]: json.loads(value) for key, value in outputs.items() if key.startswith("Said")}
        self.outputs = {key: value for key, value in outputs.items() if not key.startswith("Said")}

    def of(self, type_):
        """The logical names of what the stack has of a type."""
        return [name for name in self.said if self.types[name] == type_]

    def functions(self):
        """What each function got, by its logical name."""
        client = boto3.client("lambda")
        return {name: client.get_function_configuration(FunctionName=self.made[name])
                for name in self.of("AWS::Lambda::Function")}


def check_everything_is_made(stack):
    """Every resource is in the stack whose condition holds."""
    for name in stack.said:
        assert name in stack.made or stack.types[name] in UNKNOWN_TO_MOTO, f"{name} is not made"


def check_shapes(stack):
    """What moto does not make is said as its service wants it."""
    session = botocore.session.get_session()
    for type_, (service, operation) in CALLS.items():
        shape = session.get_service_model(service).operation_model(operation).input_shape
        for name in stack.of(type_):
            said = lower_numbers(stack.said[name])
            if type_ == "AWS::CloudWatch::Alarm":
                said["AlarmName"] = name
            report = botocore.validate.ParamValidator().validate(said, shape)
            assert not report.has_errors(), f"{name}: {report.generate_report()}"


def lower_numbers(node):
    """Numbers that parameters carry as text, as numbers."""
    if isinstance(node, dict):
        return {key: lower_numbers(value) for key, value in node.items()}
    if isinstance(node, list):
        return [lower_numbers(item) for item in node]
    return int(node) if isinstance(node, str) and node.isdecimal() else node


def check_table(stack, expected):
    """The table is the one that the code creates for itself."""
    table = boto3.client("dynamodb").describe_table(TableName=stack.made["Table"])["Table"]
    said = stack.said["Table"]
    definition = definition_of(table, said["TimeToLiveSpecification"]["AttributeName"])
    assert definition == expected, (definition, expected)
    assert said["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    return table


def definition_of(table, expiry):
    """What the code cares for of a table."""
    index, = table["GlobalSecondaryIndexes"]
    return {
        "attributes": {it["AttributeName"]: it["AttributeType"] for it in table["AttributeDefinitions"]},
        "key": table["KeySchema"],
        "index": [index[it] for it in ("IndexName", "KeySchema", "Projection")],
        "stream": table["StreamSpecification"],
        "expiry": expiry,
    }


def check_functions(stack, table_name):
    """Each function has a role and a log of its own, and its variables say the table that is used."""
    groups = {stack.made[it] for it in stack.of("AWS::Logs::LogGroup")}
    logs, roles = set(), set()
    for name, function in stack.functions().items():
        variables = function["Environment"]["Variables"]
        assert variables["TABLE_NAME"] == table_name, name
        for variable, value in variables.items():
            assert isinstance(value, (str, int)) and "${" not in str(value), f"{name}: {variable} is {value}"
        logs.add(stack.said[name]["LoggingConfig"]["LogGroup"])
        roles.add(function["Role"])
    assert logs <= groups, logs - groups
    assert len(logs) == len(roles) == len(stack.functions())


def check_streams(stack, stream):
    """Whoever follows a stream follows that of the table that is used, and loses nothing silently."""
    mappings = boto3.client("lambda").list_event_source_mappings()["EventSourceMappings"]
    functions = {it["FunctionArn"] for it in stack.functions().values()}
    mappings = [it for it in mappings if it["FunctionArn"] in functions]
    assert len(mappings) == len(stack.of("AWS::Lambda::EventSourceMapping"))
    for mapping in mappings:
        assert mapping["EventSourceArn"] == stream, mapping
        assert mapping["StartingPosition"] == "TRIM_HORIZON"
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["DestinationConfig"]["OnFailure"]["Destination"].startswith("arn:aws:")
        for one in mapping["FilterCriteria"]["Filters"]:
            json.loads(one["Pattern"])


def check_alarms(stack):
    """The alarms are few, watch what there is, tell somebody, and are in the runbook."""
    names = stack.of("AWS::CloudWatch::Alarm")
    assert len(names) <= MOST_ALARMS, names
    runbook = (ROOT / "functions/RUNBOOK.md").read_text()
    anchors = {re.sub(r"[^\w -]", "", line.lstrip("# ").lower()).replace(" ", "-")
               for line in runbook.splitlines() if line.startswith("#")}
    for name in names:
        said = stack.said[name]
        place = re.search(r"functions/RUNBOOK\.md#(.*)$", said["AlarmDescription"])
        assert place and place[1] in anchors, f"{name}: {said['AlarmDescription']}"
        assert all(said["AlarmActions"]), name
        for dimension in re.findall(r'"Dimensions": (\[.*?\])', json.dumps(said)):
            check_watched(stack, {it["Name"]: it["Value"] for it in json.loads(dimension)})


def check_dashboards(stack):
    """Each graph shows what there is."""
    for name in stack.of("AWS::CloudWatch::Dashboard"):
        board = boto3.client("cloudwatch").get_dashboard(DashboardName=stack.made[name])
        for widget in json.loads(board["DashboardBody"])["widgets"]:
            for _, _, *dimensions in widget["properties"]["metrics"]:
                pairs = [it for it in dimensions if isinstance(it, str)]
                check_watched(stack, dict(zip(pairs[::2], pairs[1::2])))


def check_watched(stack, dimensions):
    """What a metric is of is in the stack."""
    known = set(stack.made.values()) | {stack.name, stack.outputs["TableName"], "WebSocketApi", "HttpApi"}
    known |= {queue.rsplit("/", 1)[-1] for queue in stack.made.values()}
    for dimension, value in dimensions.items():
        assert dimension == "Stage" or value in known, f"there is no {dimension} {value}"


def check_programs_start(stack, endpoint, secret):
    """Every program takes the variables that its function got: it asks for something to do."""
    asked, gone, servers, programs = set(), threading.Event(), [], {}
    for logical, function in stack.functions().items():
        name = logical.removesuffix("Function").lower()
        servers.append(idle_runtime(name, asked, gone))
        variables = {key: str(value) for key, value in function["Environment"]["Variables"].items()} | {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{servers[-1].server_port}",
            "AWS_LAMBDA_FUNCTION_NAME": name, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512",
            "AWS_LAMBDA_FUNCTION_VERSION": "1", "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": endpoint,
        }
        if variables.get("TOKEN_KEY_SECRET"):
            variables["TOKEN_KEY_SECRET"] = secret
        programs[name] = subprocess.Popen([ROOT / "target/debug" / name], env=variables, text=True,
                                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 30
    while asked < set(programs) and time.monotonic() < deadline and all(it.poll() is None for it in programs.values()):
        time.sleep(0.02)
    gone.set()
    for server in servers:
        server.shutdown()
    for program in programs.values():
        program.kill()
    silent = {name: programs[name].communicate()[0] for name in set(programs) - asked}
    assert not silent, f"with the variables of {stack.name} these do not start: {silent}"


def idle_runtime(name, asked, gone):
    """Lambda's Runtime API for a program that has nothing to do; it is among `asked` when it wants something."""

    class Runtime(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.add(name)
            gone.wait()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Runtime)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def check_redrive(stack, table, endpoint):
    """What the undelivered queue tells of goes to deliver once more, and leaves the queue when that took it."""
    dynamodb, streams, sqs = (boto3.client(it) for it in ("dynamodb", "dynamodbstreams", "sqs"))
    items = [{"pk": {"S": "USER#a"}, "sk": {"S": "INBOX"}, "arrived": {"S": "c1"}},
             {"pk": {"S": "USER#a"}, "sk": {"S": "ACCOUNT"}},
             {"pk": {"S": "CONV#room:1"}, "sk": {"S": "MSG#1"}, "fan_until": {"N": "1"}}]
    for item in items:
        dynamodb.put_item(TableName=stack.outputs["TableName"], Item=item)
    stream = table["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=stream)["StreamDescription"]["Shards"][0]["ShardId"]
    iterator = streams.get_shard_iterator(StreamArn=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON")
    numbers = [it["dynamodb"]["SequenceNumber"]
               for it in streams.get_records(ShardIterator=iterator["ShardIterator"])["Records"]]
    batch = {"shardId": shard, "startSequenceNumber": numbers[0], "endSequenceNumber": numbers[-1],
             "approximateArrivalOfFirstRecord": "2026-01-01T00:00:00Z",
             "approximateArrivalOfLastRecord": "2026-01-01T00:00:00Z", "batchSize": 3, "streamArn": stream}
    queue = sqs.get_queue_url(QueueName=stack.outputs["UndeliveredQueueName"])["QueueUrl"]

    def redrive(answer):
        post(f"{endpoint}/moto-api/static/lambda-simple/response", {"results": [answer], "region": "us-east-1"})
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"DDBStreamBatchInfo": batch}))
        done = subprocess.run([ROOT / "functions/deliver/redrive", stack.name], capture_output=True, text=True)
        attributes = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
        left = int(attributes["ApproximateNumberOfMessages"]) + int(attributes["ApproximateNumberOfMessagesNotVisible"])
        return done, left

    done, left = redrive('{"batchItemFailures":[]}')
    assert (done.returncode, left) == (0, 0), done
    done, left = redrive('{"batchItemFailures":[{"itemIdentifier":"%s"}]}' % numbers[0])
    assert (done.returncode, left) == (1, 1) and numbers[0] in done.stdout, done


def post(url, body):
    """Tells moto something about itself."""
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    urllib.request.urlopen(request).close()


@contextlib.contextmanager
def local_table():
    """The definition of the table that the local server makes."""
    with tempfile.TemporaryFile("w+") as log:
        server = subprocess.Popen([ROOT / "target/debug/local", "--port", "0", "--dynamodb-port", "0", "--memory"],
                                  stdout=log, stderr=log)
        try:
            yield definition_asked(log, server)
        finally:
            server.kill()
            server.wait()


def definition_asked(log, server):
    """Waits for the server, and asks its engine."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        log.seek(0)
        place = re.search(r"DynamoDB +(\S+) \(.*table (\S+)\)", log.read())
        if place:
            engine = boto3.client("dynamodb", endpoint_url=place[1])
            table = engine.describe_table(TableName=place[2])["Table"]
            expiry = engine.describe_time_to_live(TableName=place[2])["TimeToLiveDescription"]
            return definition_of(table, expiry["AttributeName"])
        time.sleep(0.02)
    raise AssertionError("the local server does not start")


def restored_table(expected):
    """Another table, as an operator restores it and sets it up."""
    dynamodb = boto3.client("dynamodb")
    made = dynamodb.create_table(
        TableName=RESTORED, BillingMode="PAY_PER_REQUEST", KeySchema=expected["key"],
        AttributeDefinitions=[{"AttributeName": it, "AttributeType": "S"} for it in expected["attributes"]],
        GlobalSecondaryIndexes=[dict(zip(("IndexName", "KeySchema", "Projection"), expected["index"]))],
        StreamSpecification=expected["stream"])
    return made["TableDescription"]["LatestStreamArn"]


def check_stage(name, parameters, expected, endpoint, secret):
    """Everything of one stack; the stack, and its own table."""
    stack = Stack(name, parameters)
    table = check_table(stack, expected)
    is_protected = parameters.get("TableProtection") == "true"
    assert stack.said["Table"]["DeletionProtectionEnabled"] == is_protected
    stream = parameters.get("RestoredStreamArn", table["LatestStreamArn"])
    check_everything_is_made(stack)
    check_shapes(stack)
    for door in stack.of("AWS::ApiGatewayV2::Stage"):
        assert ("AccessLogSettings" in stack.said[door]) == (parameters.get("AccessLogs") == "true"), door
    check_functions(stack, parameters.get("RestoredTable", stack.made["Table"]))
    check_streams(stack, stream)
    check_alarms(stack)
    check_dashboards(stack)
    check_programs_start(stack, endpoint, secret)
    print(f"{name}: {len(stack.said)} resources, {len(stack.functions())} functions start")
    return stack, table


def main():
    """Tries every stage."""
    os.environ |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
    for talkative in ("werkzeug", "samtranslator"):
        logging.getLogger(talkative).setLevel(logging.ERROR)
    teach_moto()
    with local_table() as expected:
        server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
        server.start()
        endpoint = "http://{}:{}".format(*server.get_host_and_port())
        os.environ["AWS_ENDPOINT_URL"] = endpoint
        upload_program()
        secret = boto3.client("secretsmanager").create_secret(Name="key", SecretString="x" * 64)["ARN"]
        tried = stages() | {
            "without-accounts": {"AuthMode": "open"},
            RESTORED: {"RestoredTable": RESTORED, "RestoredStreamArn": restored_table(expected), "Alarms": "true"},
            "with-archive": {"Archive": "true", "RetentionDays": "30", "Alarms": "true"},
            "with-domains": {"HttpDomain": "chat.example.com", "WebSocketDomain": "ws.example.com",
                             "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"},
        }
        for name, parameters in tried.items():
            stack, table = check_stage(name, parameters, expected, endpoint, secret)
            if name == "prod":
                check_redrive(stack, table, endpoint)
        server.stop()


def upload_program():
    """Something for functions to consist of; moto does not run it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("bootstrap", "")
    boto3.client("s3").create_bucket(Bucket=BUCKET)
    boto3.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=packed.getvalue())


if __name__ == "__main__":
    main()
