//! The permissions that `template.yaml` gives: every request of every function is held against its
//! role, since nobody here can deploy.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use aws_sdk_apigatewaymanagement::operation::delete_connection::DeleteConnectionInput;
use aws_sdk_apigatewaymanagement::operation::get_connection::GetConnectionInput;
use aws_sdk_apigatewaymanagement::operation::post_to_connection::PostToConnectionInput;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::delete_item::DeleteItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::put_item::PutItemInput;
use aws_sdk_dynamodb::operation::query::QueryInput;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::types::TransactWriteItem;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use axum::extract::{MatchedPath, Request};
use axum::middleware::{self, Next};
use axum::response::Response;
use local::Functions;
use local::apigateway::Lambda;
use serde_json::{Map, Value};
use shared::store::keys;

use super::{functions, logical_id, template};

/// An action, and of what.
type Permission = (String, &'static str);

const TABLE: &str = "the table";
const INDEX: &str = "the index";

tokio::task_local! {
    /// Whose invocation this is.
    static FUNCTION: String;
}

/// What each function may do.
static ALLOWED: LazyLock<BTreeMap<String, BTreeSet<Permission>>> = LazyLock::new(|| {
    let template = template();
    let of = |function: &str| {
        let role = &template["Resources"][function.replace("Function", "Role")];
        let statements = &role["Properties"]["Policies"][0]["PolicyDocument"]["Statement"];
        statements.as_array().unwrap().iter().flat_map(permissions).collect()
    };
    functions(&template).iter().map(|(name, _)| ((*name).clone(), of(name))).collect()
});

/// Which function serves each route of the HTTP API.
static ROUTES: LazyLock<BTreeMap<String, String>> = LazyLock::new(|| {
    let mut routes = BTreeMap::new();
    for (name, function) in functions(&template()) {
        let events = function["Properties"]["Events"].as_object();
        for event in events.into_iter().flat_map(Map::values).filter(|it| it["Type"] == "HttpApi") {
            let property = |name: &str| event["Properties"][name].as_str().unwrap();
            let route = format!("{} {}", property("Method"), property("Path"));
            routes.insert(route, name.clone());
        }
    }
    routes
});

/// What a statement of a policy allows.
fn permissions(statement: &Value) -> Vec<Permission> {
    let statement = statement.get("!If").map_or(statement, |choice| &choice[1]);
    let several = |value: &Value| value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let mut allowed = Vec::new();
    if statement["Effect"] == "Deny" {
        return allowed;
    }
    for resource in several(&statement["Resource"]) {
        let resource = resource.to_string();
        let known = [
            ("/index/directory", INDEX),
            ("TableArn.Value", TABLE),
            ("/POST/@connections/*", "POST"),
            ("/GET/@connections/*", "GET"),
            ("/DELETE/@connections/*", "DELETE"),
        ];
        let Some((_, what)) = known.iter().find(|(part, _)| resource.contains(part)) else {
            continue;
        };
        let actions = several(&statement["Action"]);
        allowed.extend(actions.iter().map(|action| (action.as_str().unwrap().to_owned(), *what)));
    }
    allowed
}

/// `functions`, each of which knows its name.
pub(crate) fn named(functions: Functions) -> Functions {
    let functions = functions.map(|folder, lambda| {
        let name = logical_id(folder);
        Lambda::new(move |event: Value| FUNCTION.scope(name.clone(), lambda.call(event)))
    });
    let http = functions.http.route_layer(middleware::from_fn(as_deployed));
    Functions { http, ..functions }
}

async fn as_deployed(path: MatchedPath, request: Request, next: Next) -> Response {
    let route = format!("{} {}", request.method(), path.as_str());
    match ROUTES.get(&route) {
        Some(function) => FUNCTION.scope(function.clone(), next.run(request)).await,
        None => next.run(request).await,
    }
}

/// Panics, which fails the invocation, unless the function's role allows what it asks for.
pub(crate) fn check(input: &Input) {
    for (action, what) in needed(input) {
        let function = FUNCTION.try_with(Clone::clone).expect("a request of some function");
        let is_allowed = ALLOWED[&function].contains(&(action.to_owned(), what));
        assert!(is_allowed, "template.yaml does not let {function} do {action} on {what}");
        let is_password = format!("{input:?}").contains(&format!("\"{}", keys::PASSWORDS));
        let may_know = !is_password || function == "PeopleFunction";
        assert!(may_know, "template.yaml keeps {function} from passwords");
        let is_key = format!("{input:?}").contains(&format!("\"{}\"", keys::API_KEYS));
        let may_use = !is_key
            || function == "PeopleFunction"
            || (function == "AuthorizerFunction" && action == "dynamodb:GetItem");
        assert!(may_use, "template.yaml keeps {function} from keys of backends");
    }
}

fn needed(input: &Input) -> Vec<(&'static str, &'static str)> {
    const CONNECTIONS: &str = "execute-api:ManageConnections";
    if let Some(query) = input.downcast_ref::<QueryInput>() {
        let what = if query.index_name.is_some() { INDEX } else { TABLE };
        return vec![("dynamodb:Query", what)];
    }
    if let Some(writes) = input.downcast_ref::<TransactWriteItemsInput>() {
        return writes.transact_items().iter().map(|write| (action_of(write), TABLE)).collect();
    }
    let is = [
        (input.downcast_ref::<GetItemInput>().is_some(), "dynamodb:GetItem", TABLE),
        (input.downcast_ref::<BatchGetItemInput>().is_some(), "dynamodb:BatchGetItem", TABLE),
        (input.downcast_ref::<PutItemInput>().is_some(), "dynamodb:PutItem", TABLE),
        (input.downcast_ref::<UpdateItemInput>().is_some(), "dynamodb:UpdateItem", TABLE),
        (input.downcast_ref::<DeleteItemInput>().is_some(), "dynamodb:DeleteItem", TABLE),
        (input.downcast_ref::<PostToConnectionInput>().is_some(), CONNECTIONS, "POST"),
        (input.downcast_ref::<GetConnectionInput>().is_some(), CONNECTIONS, "GET"),
        (input.downcast_ref::<DeleteConnectionInput>().is_some(), CONNECTIONS, "DELETE"),
    ];
    is.into_iter().filter(|(is, ..)| *is).map(|(_, action, what)| (action, what)).collect()
}

/// What a write of a transaction needs
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html>).
fn action_of(write: &TransactWriteItem) -> &'static str {
    match write {
        TransactWriteItem { put: Some(_), .. } => "dynamodb:PutItem",
        TransactWriteItem { update: Some(_), .. } => "dynamodb:UpdateItem",
        TransactWriteItem { delete: Some(_), .. } => "dynamodb:DeleteItem",
        _ => "dynamodb:ConditionCheckItem",
    }
}
