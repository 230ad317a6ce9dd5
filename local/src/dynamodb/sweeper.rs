//! Deletes what has expired, as DynamoDB does within days
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html>); the stream says that
//! the service did it.

use std::time::Duration;

use dynoxide::Database;
use tokio::time::MissedTickBehavior;

/// How often the embedded DynamoDB is swept.
pub(super) const INTERVAL: Duration = Duration::from_secs(60);

/// Sweeps at once and every `interval` from then on.
pub(super) async fn sweep_every(interval: Duration, database: Database) {
    let mut ticks = tokio::time::interval(interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        sweep(&database).await;
    }
}

/// Sweeps once.
pub(super) async fn sweep(database: &Database) {
    let database = database.clone();
    match tokio::task::spawn_blocking(move || database.sweep_ttl()).await {
        Ok(Ok(0)) => {}
        Ok(Ok(deleted)) => tracing::debug!(deleted, "deleted what had expired"),
        Ok(Err(error)) => tracing::warn!("cannot delete what has expired: {error}"),
        Err(stopped) => tracing::warn!("cannot delete what has expired: {stopped}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::in_process::answer;

    fn ask(database: &Database, target: &str, request: &Value) -> Value {
        let (status, body) = answer(database, target, request.to_string().as_bytes());
        assert!(status.is_success(), "{target}: {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap()
    }

    fn table(database: &Database, operation: &str, request: &Value) -> Value {
        ask(database, &format!("DynamoDB_20120810.{operation}"), request)
    }

    fn stream(database: &Database, operation: &str, request: &Value) -> Value {
        ask(database, &format!("DynamoDBStreams_20120810.{operation}"), request)
    }

    #[tokio::test]
    async fn what_has_expired_is_deleted_and_the_stream_says_by_whom() {
        let database = Database::memory().unwrap();
        let created = json!({
            "TableName": "kept", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "pk", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "pk", "KeyType": "HASH" }],
            "StreamSpecification": { "StreamEnabled": true, "StreamViewType": "NEW_AND_OLD_IMAGES" },
        });
        table(&database, "CreateTable", &created);
        let expiry = json!({
            "TableName": "kept",
            "TimeToLiveSpecification": { "Enabled": true, "AttributeName": "expires_at" },
        });
        table(&database, "UpdateTimeToLive", &expiry);
        for (pk, expires_at) in [("past", "1700000000"), ("future", "99999999999")] {
            let item = json!({ "pk": { "S": pk }, "expires_at": { "N": expires_at } });
            table(&database, "PutItem", &json!({ "TableName": "kept", "Item": item }));
        }

        let sweeper = tokio::spawn(sweep_every(INTERVAL, database.clone()));
        let left = || table(&database, "Scan", &json!({ "TableName": "kept" }))["Count"].clone();
        while left() != 1 {
            tokio::task::yield_now().await;
        }
        sweeper.abort();

        let arn = &stream(&database, "ListStreams", &json!({}))["Streams"][0]["StreamArn"];
        let described = stream(&database, "DescribeStream", &json!({ "StreamArn": arn }));
        let shard = &described["StreamDescription"]["Shards"][0]["ShardId"];
        let from = json!({
            "StreamArn": arn, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON",
        });
        let iterator = &stream(&database, "GetShardIterator", &from)["ShardIterator"];
        let records = stream(&database, "GetRecords", &json!({ "ShardIterator": iterator }));
        let removed = &records["Records"].as_array().unwrap()[2];
        assert_eq!(removed["eventName"], "REMOVE");
        assert_eq!(removed["dynamodb"]["Keys"]["pk"]["S"], "past");
        let by = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
        assert_eq!(removed["userIdentity"], by);
    }
}
