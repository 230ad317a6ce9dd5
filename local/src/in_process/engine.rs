//! DynamoDB's JSON protocol on the embedded engine, as the engine's own HTTP server speaks it.
//!
//! Only the words differ in which it refuses bodies that no SDK sends: JSON of the wrong types,
//! numbers that are none.

use dynoxide::{Database, DynoxideError};
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use uuid::Uuid;

/// What DynamoDB says to an operation it does not have.
const UNKNOWN_OPERATION: &str =
    r#"{"__type":"com.amazon.coral.service#UnknownOperationException"}"#;

/// What it says to a value without a type.
const EMPTY_VALUE: &str = "Supplied AttributeValue is empty, must contain exactly one of the \
                           supported datatypes";

/// Answers the request that `target` (the header `X-Amz-Target`) and `body` make: a status and a
/// JSON object.
///
/// The whole of it happens in the calling thread, which waits while another uses the database.
pub fn answer(database: &Database, target: &str, body: &[u8]) -> (StatusCode, Vec<u8>) {
    let operation = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."]
        .into_iter()
        .find_map(|service| target.strip_prefix(service));
    match operation.and_then(|operation| run(database, operation, body)) {
        Some(Ok(answer)) => (StatusCode::OK, answer),
        Some(Err(error)) => {
            let status = StatusCode::from_u16(error.status_code());
            (status.unwrap_or(StatusCode::BAD_REQUEST), error.to_json().into_bytes())
        }
        None => (StatusCode::BAD_REQUEST, UNKNOWN_OPERATION.into()),
    }
}

/// The response to a request with these headers and this body.
pub(crate) fn respond(database: &Database, headers: &HeaderMap, body: &[u8]) -> Response<Vec<u8>> {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let (status, body) = answer(database, target.unwrap_or_default(), body);
    let checksum = crc32fast::hash(&body);
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.0"));
    headers.insert("x-amz-crc32", checksum.into());
    let id = Uuid::now_v7().simple().to_string().to_uppercase();
    if let Ok(id) = HeaderValue::try_from(id) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

type Outcome = Result<Vec<u8>, DynoxideError>;

/// Runs an operation; `None` if there is no such operation.
fn run(database: &Database, operation: &str, body: &[u8]) -> Option<Outcome> {
    macro_rules! operations {
        ($($name:literal $method:ident),+ $(,)?) => {
            match operation {
                $($name => pass(operation, body, |request| database.$method(request)),)+
                _ => return None,
            }
        };
    }
    Some(operations!(
        "BatchExecuteStatement" batch_execute_statement,
        "BatchGetItem" batch_get_item,
        "BatchWriteItem" batch_write_item,
        "CreateTable" create_table,
        "DeleteItem" delete_item,
        "DeleteTable" delete_table,
        "DescribeStream" describe_stream,
        "DescribeTable" describe_table,
        "DescribeTimeToLive" describe_time_to_live,
        "ExecuteStatement" execute_statement,
        "ExecuteTransaction" execute_transaction,
        "GetItem" get_item,
        "GetRecords" get_records,
        "GetShardIterator" get_shard_iterator,
        "ListStreams" list_streams,
        "ListTables" list_tables,
        "ListTagsOfResource" list_tags_of_resource,
        "PutItem" put_item,
        "Query" query,
        "Scan" scan,
        "TagResource" tag_resource,
        "TransactGetItems" transact_get_items,
        "TransactWriteItems" transact_write_items,
        "UntagResource" untag_resource,
        "UpdateItem" update_item,
        "UpdateTable" update_table,
        "UpdateTimeToLive" update_time_to_live,
    ))
}

/// Reads the request, runs it, and writes what came of it.
fn pass<Request: DeserializeOwned, Answer: Serialize>(
    operation: &str,
    body: &[u8],
    run: impl FnOnce(Request) -> Result<Answer, DynoxideError>,
) -> Outcome {
    let request = serde_json::from_slice(body);
    let request = request.map_err(|error| unreadable(operation, body, &error))?;
    let answer = run(request)?;
    serde_json::to_vec(&answer)
        .map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// Why a body is refused; the engine's types put a mark before what is the caller's mistake.
fn unreadable(operation: &str, body: &[u8], error: &serde_json::Error) -> DynoxideError {
    if serde_json::from_slice::<IgnoredAny>(body).is_err() {
        return DynoxideError::SerializationException(String::new());
    }
    let text = error.to_string();
    let message = text.rfind(" at line ").map_or(text.as_str(), |position| &text[..position]);
    if let Some(message) = message.strip_prefix("VALIDATION_REQUEST:") {
        let writes_one = matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem");
        let envelope = if writes_one { "1 validation error detected: " } else { "" };
        DynoxideError::ValidationException(format!("{envelope}{message}"))
    } else if let Some(message) = message.strip_prefix("VALIDATION:") {
        DynoxideError::ValidationException(message.to_owned())
    } else if message.contains("empty AttributeValue") {
        DynoxideError::ValidationException(EMPTY_VALUE.to_owned())
    } else if message.starts_with("Supplied AttributeValue") {
        DynoxideError::ValidationException(message.to_owned())
    } else if ["missing field", "unknown variant", "invalid type: null"]
        .iter()
        .any(|mistake| message.contains(mistake))
    {
        DynoxideError::ValidationException(text)
    } else {
        let message = message.strip_prefix("SERIALIZATION:").unwrap_or(message);
        DynoxideError::SerializationException(message.to_owned())
    }
}
