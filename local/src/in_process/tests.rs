//! The engine answers the same inside this process as at its HTTP port.

use std::fmt::Write;
use std::sync::Mutex;

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::http::HttpConnector;
use serde_json::{Value, json};
use shared::aws::Aws;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::http_layer::wrap;

/// What is new in every table.
const ITS_OWN: [&str; 6] = [
    "CreationDateTime",
    "CreationRequestDateTime",
    "LatestStreamArn",
    "LatestStreamLabel",
    "TableId",
    "LastUpdateToPayPerRequestDateTime",
];

/// Asks one engine through its port, and another, which has been asked the same before, directly.
struct Twins {
    address: String,
    direct: Database,
}

impl Twins {
    async fn start() -> Self {
        Self {
            address: serve(Database::memory().unwrap()).await,
            direct: Database::memory().unwrap(),
        }
    }

    /// Both give this status and the same answer; the answer.
    async fn check(&self, operation: &str, body: Value, status: u16) -> Value {
        self.check_text(&format!("DynamoDB_20120810.{operation}"), &body.to_string(), status).await
    }

    async fn check_text(&self, target: &str, body: &str, status: u16) -> Value {
        let (direct, answer) = answer(&self.direct, target, body.as_bytes());
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let (port, expected, _) = ask(&self.address, target, body).await;
        assert_eq!((direct.as_u16(), port), (status, status), "{target} {body}: {answer}");
        assert_eq!(comparable(answer.clone()), comparable(expected), "{target} {body}");
        answer
    }

    /// Both refuse it with the same error of this type.
    async fn check_refusal(&self, operation: &str, body: Value, kind: &str) -> Value {
        let answer = self.check(operation, body, 400).await;
        let (_, found) = answer["__type"].as_str().unwrap().split_once('#').unwrap();
        assert_eq!(found, kind, "{answer}");
        answer
    }

    async fn with_table(self) -> Self {
        let table = json!({
            "TableName": "table",
            "AttributeDefinitions": [
                { "AttributeName": "pk", "AttributeType": "S" },
                { "AttributeName": "sk", "AttributeType": "S" },
            ],
            "KeySchema": [
                { "AttributeName": "pk", "KeyType": "HASH" },
                { "AttributeName": "sk", "KeyType": "RANGE" },
            ],
            "BillingMode": "PAY_PER_REQUEST",
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
        });
        self.check("CreateTable", table, 200).await;
        self
    }
}

async fn serve(database: Database) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(dynoxide::server::serve_on(listener, database));
    address
}

/// Status, body and head of what the port answers.
async fn ask(address: &str, target: &str, body: &str) -> (u16, Value, String) {
    let mut request = format!("POST / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    write!(request, "Content-Type: application/x-amz-json-1.0\r\nX-Amz-Target: {target}\r\n")
        .unwrap();
    write!(
        request,
        "X-Amz-Date: 20261121T000000Z\r\nAuthorization: AWS4-HMAC-SHA256 Credential=local/"
    )
    .unwrap();
    write!(
        request,
        "20261121/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00\r\n"
    )
    .unwrap();
    write!(request, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let (head, body) = response.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap(), head.to_owned())
}

/// An answer without what is different in every table.
fn comparable(mut answer: Value) -> Value {
    match &mut answer {
        Value::Object(fields) => {
            fields.retain(|name, _| !ITS_OWN.contains(&name.as_str()));
            fields.values_mut().for_each(|value| *value = comparable(value.take()));
        }
        Value::Array(values) => {
            values.iter_mut().for_each(|value| *value = comparable(value.take()));
        }
        _ => {}
    }
    answer
}

fn key(sk: &str) -> Value {
    json!({ "pk": { "S": "a" }, "sk": { "S": sk } })
}

fn item(sk: &str, number: &str) -> Value {
    json!({ "pk": { "S": "a" }, "sk": { "S": sk }, "number": { "N": number } })
}

fn put(sk: &str, number: &str) -> Value {
    json!({ "TableName": "table", "Item": item(sk, number) })
}

/// A put where there must be nothing.
fn claim(sk: &str, number: &str) -> Value {
    let mut put = put(sk, number);
    put["ConditionExpression"] = "attribute_not_exists(pk)".into();
    put["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD".into();
    put
}

fn query() -> Value {
    json!({
        "TableName": "table",
        "ConsistentRead": true,
        "KeyConditionExpression": "pk = :pk AND sk BETWEEN :first AND :last",
        "ExpressionAttributeValues": {
            ":pk": { "S": "a" }, ":first": { "S": "1" }, ":last": { "S": "8" },
        },
        "ScanIndexForward": false,
        "Limit": 2,
        "ReturnConsumedCapacity": "TOTAL",
    })
}

fn increment(sk: &str) -> Value {
    json!({
        "TableName": "table",
        "Key": key(sk),
        "UpdateExpression": "ADD #number :one",
        "ExpressionAttributeNames": { "#number": "number" },
        "ExpressionAttributeValues": { ":one": { "N": "1" } },
        "ReturnValues": "ALL_NEW",
    })
}

#[tokio::test]
async fn items_are_written_and_read_alike() {
    let twins = Twins::start().await.with_table().await;
    twins.check("PutItem", put("1", "1"), 200).await;
    twins.check("PutItem", claim("2", "2"), 200).await;
    let updated = twins.check("UpdateItem", increment("1"), 200).await;
    assert_eq!(updated["Attributes"], item("1", "2"));
    let get = json!({ "TableName": "table", "Key": key("1") });
    let found = twins.check("GetItem", get.clone(), 200).await;
    assert_eq!(found["Item"], item("1", "2"));
    let writes = json!([
        { "PutRequest": { "Item": item("3", "3") } },
        { "DeleteRequest": { "Key": key("2") } },
    ]);
    twins.check("BatchWriteItem", json!({ "RequestItems": { "table": writes } }), 200).await;
    let keys = json!({ "table": { "Keys": [key("1"), key("2")] } });
    twins.check("BatchGetItem", json!({ "RequestItems": keys }), 200).await;
    let page = twins.check("Query", query(), 200).await;
    assert_eq!(page["Count"], 2);
    twins.check("Scan", json!({ "TableName": "table" }), 200).await;
    let gets = json!([{ "Get": get }, { "Get": { "TableName": "table", "Key": key("9") } }]);
    twins.check("TransactGetItems", json!({ "TransactItems": gets }), 200).await;
    let both = json!([{ "Put": claim("4", "4") }, { "Update": {
        "TableName": "table", "Key": key("3"), "UpdateExpression": "REMOVE pushed" } }]);
    twins.check("TransactWriteItems", json!({ "TransactItems": both }), 200).await;
    let delete = json!({ "TableName": "table", "Key": key("3"), "ReturnValues": "ALL_OLD" });
    twins.check("DeleteItem", delete, 200).await;
}

#[tokio::test]
async fn tables_are_described_alike() {
    let twins = Twins::start().await.with_table().await;
    let table = json!({ "TableName": "table" });
    twins.check("DescribeTable", table.clone(), 200).await;
    twins.check("ListTables", json!({}), 200).await;
    let live = json!({ "AttributeName": "expires_at", "Enabled": true });
    let live = json!({ "TableName": "table", "TimeToLiveSpecification": live });
    twins.check("UpdateTimeToLive", live, 200).await;
    twins.check("DescribeTimeToLive", table.clone(), 200).await;
    let billing = json!({ "TableName": "table", "BillingMode": "PAY_PER_REQUEST" });
    twins.check("UpdateTable", billing, 200).await;
    twins.check("DeleteTable", table, 200).await;
}

#[tokio::test]
async fn a_failed_condition_shows_the_occupant_alike() {
    let twins = Twins::start().await.with_table().await;
    twins.check("PutItem", claim("1", "1"), 200).await;
    let kind = "ConditionalCheckFailedException";
    let failed = twins.check_refusal("PutItem", claim("1", "2"), kind).await;
    assert_eq!(failed["Item"], item("1", "1"));
    let mut update = increment("2");
    update["ConditionExpression"] = "attribute_exists(pk)".into();
    twins.check_refusal("UpdateItem", update, kind).await;
}

#[tokio::test]
async fn a_cancelled_transaction_says_why_alike() {
    let twins = Twins::start().await.with_table().await;
    twins.check("PutItem", put("1", "1"), 200).await;
    let both = json!({ "TransactItems": [{ "Put": put("2", "2") }, { "Put": claim("1", "2") }] });
    let kind = "TransactionCanceledException";
    let cancelled = twins.check_refusal("TransactWriteItems", both, kind).await;
    let reasons = &cancelled["CancellationReasons"];
    assert_eq!((&reasons[0]["Code"], &reasons[1]["Item"]), (&json!("None"), &item("1", "1")));
}

#[tokio::test]
async fn mistakes_are_refused_alike() {
    let twins = Twins::start().await.with_table().await;
    let nowhere = json!({ "TableName": "nowhere", "Key": key("1") });
    twins.check_refusal("GetItem", nowhere, "ResourceNotFoundException").await;
    let again = json!({ "TableName": "table" });
    twins.check_refusal("CreateTable", again, "ValidationException").await;
    let mut wrong = query();
    wrong["KeyConditionExpression"] = "sk = :pk".into();
    twins.check_refusal("Query", wrong, "ValidationException").await;
    let keyless = json!({ "TableName": "table", "Item": { "pk": { "S": "a" } } });
    twins.check_refusal("PutItem", keyless, "ValidationException").await;
    let mut not_null = put("1", "1");
    not_null["Item"]["number"] = json!({ "NULL": false });
    twins.check_refusal("PutItem", not_null.clone(), "ValidationException").await;
    let puts = json!({ "TransactItems": [{ "Put": not_null }] });
    twins.check_refusal("TransactWriteItems", puts, "ValidationException").await;
    let empty = json!({ "TableName": "table", "Key": { "pk": {}, "sk": { "S": "1" } } });
    twins.check_refusal("GetItem", empty, "ValidationException").await;
    twins.check_refusal("PutItem", put("1", "one"), "ValidationException").await;
    twins.check_refusal("GetItem", json!({}), "ValidationException").await;
    twins.check_text("DynamoDB_20120810.GetItem", "{", 400).await;
    twins.check_text("DynamoDB_20120810.GetItem", "", 400).await;
    twins.check_refusal("Sing", json!({}), "UnknownOperationException").await;
    twins.check_text("GetItem", "{}", 400).await;
}

#[tokio::test]
async fn the_sdk_sees_the_same_headers() {
    let database = Database::memory().unwrap();
    let body = json!({ "TableName": "table", "Key": key("1") }).to_string();
    let address = serve(database.clone()).await;
    let (_, _, head) = ask(&address, "DynamoDB_20120810.GetItem", &body).await;
    let here = InProcess::default();
    here.serve_dynamodb(database);
    let client = Aws::local("http://unused").with_transport(here.transport()).dynamodb();
    let get = client.get_item().table_name("table");
    let get = get.key("pk", AttributeValue::S("a".into())).key("sk", AttributeValue::S("1".into()));
    let error = get.send().await.unwrap_err();
    let response = error.raw_response().unwrap();
    for name in ["content-type", "x-amz-crc32"] {
        let line = format!("{name}: {}\r\n", response.headers().get(name).unwrap());
        assert!(head.contains(&line), "{line} is not in {head}");
    }
    assert!(error.as_service_error().unwrap().is_resource_not_found_exception());
}

/// The headers by which AWS learns who asks, how often, and whether it is true, of a request by a client
/// that `change` makes.
async fn announced(change: impl FnOnce(Aws) -> Aws) -> Vec<String> {
    let here = InProcess::default();
    here.serve_dynamodb(Database::memory().unwrap());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sent = Arc::clone(&seen);
    let transport = wrap(here.transport(), move |below, request| {
        let names = request.headers().iter().map(|(name, _)| name.to_owned());
        sent.lock().unwrap().extend(names);
        below.call(request)
    });
    let aws = change(Aws::local("http://unused").with_transport(transport));
    aws.dynamodb().list_tables().send().await.unwrap();
    let told = ["amz-sdk-invocation-id", "amz-sdk-request", "authorization", "user-agent"];
    let seen = seen.lock().unwrap();
    told.into_iter().filter(|name| seen.iter().any(|it| it == name)).map(str::to_owned).collect()
}

#[tokio::test]
async fn inside_the_process_clients_leave_out_what_only_aws_reads() {
    assert_eq!(announced(|aws| aws).await.len(), 4);
    assert_eq!(announced(Aws::in_process).await, Vec::<String>::new());
}

#[tokio::test]
async fn nobody_answers_when_the_services_are_gone() {
    let here = InProcess::default();
    let client = Aws::local("http://unused").with_transport(here.transport()).dynamodb();
    let error = client.list_tables().send().await.unwrap_err();
    assert!(matches!(&error, SdkError::DispatchFailure(failure) if failure.is_io()), "{error:?}");
}

/// One engine, because streams, shards and iterators have names of their own.
#[tokio::test]
async fn streams_are_read_alike() {
    let direct = Database::memory().unwrap();
    let twins = Twins { address: serve(direct.clone()).await, direct };
    let target = |operation: &str| format!("DynamoDBStreams_20120810.{operation}");
    Twins { address: twins.address.clone(), direct: Database::memory().unwrap() }
        .with_table()
        .await;
    answer(&twins.direct, "DynamoDB_20120810.PutItem", put("1", "1").to_string().as_bytes());
    let streams = twins.check_text(&target("ListStreams"), "{}", 200).await;
    let stream = &streams["Streams"][0]["StreamArn"];
    let described = json!({ "StreamArn": stream }).to_string();
    let described = twins.check_text(&target("DescribeStream"), &described, 200).await;
    let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
    let from =
        json!({ "StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
    let from = twins.check_text(&target("GetShardIterator"), &from.to_string(), 200).await;
    let records = twins.check_text(&target("GetRecords"), &from.to_string(), 200).await;
    assert_eq!(records["Records"][0]["dynamodb"]["NewImage"], item("1", "1"));
}
