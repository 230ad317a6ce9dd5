//! Events of API Gateway and of the table's stream, and JSON that is none.

use std::rc::Rc;

use bolero::check;
use serde_json::Value;

use crate::TIME;
use crate::mutation::{Mutation, mutated};
use crate::world::{World, check_text, play};

const SEEDS: [&str; 8] = [
    include_str!("../../local/tests/fixtures/authorizer.json"),
    include_str!("../../local/tests/fixtures/connect.json"),
    include_str!("../../local/tests/fixtures/disconnect.json"),
    include_str!("../../local/tests/fixtures/message.json"),
    r#"{"requestContext":{"routeKey":"$connect","eventType":"CONNECT","connectedAt":1750000000000,"connectionId":"c","authorizer":{"user":"alice","mode":"open"}},"queryStringParameters":{"history":"5"},"isBase64Encoded":false}"#,
    r#"{"version":"2.0","type":"REQUEST","routeArn":"arn:aws:execute-api:us-east-1:000000000000:local/$default/GET/health","routeKey":"GET /health","rawPath":"/health","rawQueryString":"user_id=alice","headers":{"host":"localhost"},"queryStringParameters":{"user_id":"alice"},"requestContext":{"accountId":"000000000000","apiId":"local","http":{"method":"GET","path":"/health","protocol":"HTTP/1.1","sourceIp":"127.0.0.1","userAgent":"x"},"stage":"$default","timeEpoch":1750000000000}}"#,
    r#"{"Records":[{"eventID":"1","eventName":"MODIFY","eventVersion":"1.1","eventSource":"aws:dynamodb","awsRegion":"us-east-1","dynamodb":{"ApproximateCreationDateTime":1750000000.5,"Keys":{"pk":{"S":"USER#alice"},"sk":{"S":"INBOX"}},"NewImage":{"pk":{"S":"USER#alice"},"sk":{"S":"INBOX"},"arrived":{"S":"alice"},"n":{"N":"7"},"m":{"M":{"l":{"L":[{"NULL":true},{"BOOL":false}]},"b":{"B":"AAA="}}},"ss":{"SS":["a"]}},"SequenceNumber":"111","SizeBytes":26,"StreamViewType":"NEW_AND_OLD_IMAGES"},"eventSourceARN":"arn"}]}"#,
    r#"{"Records":[{"dynamodb":{"NewImage":{"pk":{"S":"USER#bob"},"arrived":{"S":"gone"}},"SequenceNumber":"1"}},{"dynamodb":{"NewImage":{"pk":{"S":"USER#bob"},"arrived":{"S":"-"}},"SequenceNumber":"2"}},{"dynamodb":{"NewImage":{"pk":{"S":"USER#c%3A"},"arrived":{"S":"x"}},"SequenceNumber":"3"}}]}"#,
];

/// Any JSON at all.
#[test]
fn values() {
    check!().with_test_time(TIME).for_each(|bytes| {
        if let Ok(event) = serde_json::from_slice(bytes) {
            handled(&event);
        }
    });
}

/// Nearly an event.
#[test]
fn nearly_events() {
    check!().with_test_time(TIME).with_type::<Mutation>().for_each(|mutation| {
        if let Ok(event) = serde_json::from_str(&mutated(&SEEDS, mutation)) {
            handled(&event);
        }
    });
}

/// No function panics or waits for ever, and what it answers has the form that AWS asks for.
fn handled(event: &Value) {
    play(async |world: Rc<World>| {
        let functions = &world.functions;
        if let Ok(answer) = functions.authorizer.call(event.clone()).await {
            let policy = answer.pointer("/policyDocument/Statement/0/Effect");
            assert!(policy.is_some() || answer["isAuthorized"] == true, "{answer}");
        }
        for function in [&functions.connect, &functions.disconnect, &functions.message] {
            let Ok(answer) = function.call(event.clone()).await else { continue };
            assert_eq!(answer["statusCode"], 200, "{answer}");
            if let Some(body) = answer["body"].as_str() {
                check_text(body);
            }
        }
        for source in &functions.event_sources {
            let Ok(answer) = source.function.call(event.clone()).await else { continue };
            // A record that fails for ever would hold up its shard.
            assert_eq!(answer["batchItemFailures"], Value::Array(Vec::new()), "{answer}");
        }
    });
}
