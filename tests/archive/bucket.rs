//! The real binaries with a bucket, in a server that speaks S3's protocol and checks signatures.

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use s3s_fs::FileSystem;
use serde_json::{Value, json};
use shared::aws::access_key_in;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::support::{THEIRS, contents, deletes};
use crate::support::{Chat, LambdaRuntime, Printed};

/// Serves buckets in `folder` to whoever has this access key; its URL.
async fn serves_buckets(folder: &TempDir, access_key: &str) -> String {
    let mut service = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
    service.set_auth(SimpleAuth::from_single(access_key, "local"));
    let service = service.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let service = service.clone();
            tokio::spawn(async move {
                let server = Builder::new(TokioExecutor::new());
                // Whoever has gone needs no answer.
                drop(server.serve_connection(TokioIo::new(socket), service).await);
            });
        }
    });
    url
}

/// `GET /messages` of the two, as API Gateway tells the function.
fn asks_for_messages() -> Value {
    json!({
        "version": "2.0", "routeKey": "GET /messages", "rawPath": "/messages",
        "rawQueryString": "user1=alice&user2=bob",
        "queryStringParameters": { "user1": "alice", "user2": "bob" },
        "headers": {}, "isBase64Encoded": false,
        "requestContext": {
            "accountId": "000000000000", "apiId": "local", "stage": "$default",
            "domainName": "localhost", "domainPrefix": "local", "requestId": "1",
            "routeKey": "GET /messages", "time": "19/Feb/2024:07:11:42 +0000",
            "timeEpoch": 1_708_326_702_790_u64, "authorizer": { "lambda": { "mode": "open" } },
            "http": {
                "method": "GET", "path": "/messages", "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1", "userAgent": "test",
            },
        },
    })
}

#[tokio::test]
async fn the_binaries_keep_and_read_what_has_expired_in_a_bucket() {
    let chat = Chat::start().await;
    let mut alice = chat.joined_by("alice").await;
    let mut seqs = Vec::new();
    for content in ["one", "two", "three"] {
        seqs.push(alice.says("bob", content).await["seq"].as_u64().unwrap());
    }
    let records = deletes(&chat, THEIRS, seqs[..2].iter().copied()).await;

    let (dynamodb, table) = chat.dynamodb();
    let (access_key, dynamodb) = access_key_in(&dynamodb);
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("kept")).unwrap();
    let variables = [
        ("AWS_ACCESS_KEY_ID", access_key.clone()),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb),
        ("AWS_ENDPOINT_URL_S3", serves_buckets(&folder, &access_key).await),
        ("AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI", "http://127.0.0.1:1/dev".to_owned()),
        ("TABLE_NAME", table),
        ("AUTH_MODE", "open".to_owned()),
        ("ARCHIVE", "s3://kept/chat".to_owned()),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value));
    let archive = LambdaRuntime::start("archive", &variables, &Printed::default());
    for batch in [&records[..], &records[..1], &records[..]] {
        let answer = archive.invoke(json!({ "Records": batch })).await.unwrap();
        assert_eq!(answer["batchItemFailures"], json!([]));
    }
    let history = LambdaRuntime::start("history", &variables, &Printed::default());
    let answer = history.invoke(asks_for_messages()).await.unwrap();
    assert_eq!(answer["statusCode"], 200, "{answer}");
    let messages: Vec<Value> = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(contents(&messages), ["one", "two", "three"]);
    let archived: Vec<_> = messages.iter().map(|message| message["archived"] == true).collect();
    assert_eq!(archived, [true, true, false]);
    assert!(folder.path().join("kept/chat").join(THEIRS).is_dir());
}
