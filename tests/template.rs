//! `template.yaml` says to AWS what the code says to itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use object_store::memory::InMemory;
use serde_json::{Map, Value, json};
use shared::App;
use shared::archive::Archive;
use shared::aws::Aws;
use shared::config::{SETTINGS, VARIABLES, Values};
use shared::store::keys;

use crate::support::interruption::{Services, config};
use crate::support::{Chat, functions, template};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// The functions of `functions/`, one folder each.
fn folders() -> BTreeSet<String> {
    let entries = std::fs::read_dir(format!("{ROOT}/functions")).unwrap();
    let folders = entries.map(Result::unwrap).filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

#[test]
fn every_function_folder_is_deployed_under_its_name() {
    let template = template();
    let deployed: BTreeSet<_> = functions(&template)
        .into_iter()
        .map(|(name, function)| {
            let folder = function["Properties"]["CodeUri"].as_str().unwrap();
            let folder = folder.strip_prefix("functions/").unwrap();
            assert_eq!(name.to_lowercase(), format!("{folder}function"));
            assert_eq!(function["Metadata"]["BuildProperties"]["Binary"], folder);
            folder.to_owned()
        })
        .collect();
    assert_eq!(deployed, folders());
}

#[test]
fn every_function_gets_every_variable_it_reads() {
    let template = template();
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    let set: BTreeSet<_> = variables.as_object().unwrap().keys().map(String::as_str).collect();
    let settings = SETTINGS.iter().map(|setting| setting.variable);
    assert_eq!(set, settings.chain(VARIABLES).collect());
}

#[test]
fn nobody_deploys_open_mode_by_leaving_it_out() {
    assert_eq!(template()["Parameters"]["AuthMode"]["Default"], "accounts");
}

#[test]
fn no_function_may_do_more_than_it_needs() {
    let template = template();
    for (name, function) in functions(&template) {
        let role = name.replace("Function", "Role");
        assert_eq!(function["Properties"]["Role"]["!GetAtt"], format!("{role}.Arn"));
        let role = &template["Resources"][&role]["Properties"];
        assert_eq!(role.get("ManagedPolicyArns"), None, "{name}");
        let statements = &role["Policies"][0]["PolicyDocument"]["Statement"];
        for statement in statements.as_array().unwrap() {
            let statement = statement.get("!If").map_or(statement, |choice| &choice[1]);
            let actions = statement["Action"].to_string();
            assert!(!actions.contains('*'), "{name}: {actions}");
            let resource = statement["Resource"].to_string();
            let wildcard = resource.replace("/@connections/*", "").replace("/stream/*", "");
            // Every object of the archive.
            let wildcard = wildcard.replace("${ArchiveBucket.Arn}/*", "");
            // X-Ray's actions are of nothing in particular.
            let is_trace = actions.contains("xray:PutTraceSegments");
            assert!(is_trace || !wildcard.contains('*'), "{name}: {resource}");
        }
    }
}

#[test]
fn only_who_lets_people_in_may_read_passwords_and_make_keys() {
    let template = template();
    for (name, _) in functions(&template) {
        let role = &template["Resources"][name.replace("Function", "Role")]["Properties"];
        let statements = role["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap();
        let of_table = |statement: &&Value| statement["Resource"]["!GetAtt"] == "TableArn.Value";
        let (kept, given): (Vec<_>, Vec<_>) =
            statements.iter().filter(of_table).partition(|it| it["Effect"] == "Deny");
        if given.is_empty() || name == "PeopleFunction" {
            assert!(kept.is_empty(), "{name}");
            continue;
        }
        let actions = |statement: &Value| match &statement["Action"] {
            Value::Array(actions) => actions.clone(),
            action => vec![action.clone()],
        };
        // Who calls with a key is looked up there.
        let looks_up =
            |action: &Value| name == "AuthorizerFunction" && action == "dynamodb:GetItem";
        for action in given.iter().flat_map(|statement| actions(statement)) {
            for (partition, is_given) in [
                (format!("{}*", keys::PASSWORDS), false),
                (keys::API_KEYS.to_owned(), looks_up(&action)),
            ] {
                let denied = kept.iter().any(|statement| {
                    let condition =
                        &statement["Condition"]["ForAnyValue:StringLike"]["dynamodb:LeadingKeys"];
                    let names = condition.as_array().map_or(&[][..], Vec::as_slice);
                    let covers = *condition == partition || names.iter().any(|it| *it == partition);
                    covers && actions(statement).contains(&action)
                });
                assert_eq!(denied, !is_given, "{name}: {action} on {partition}");
            }
        }
    }
}

/// Of whatever else a function reads, the template says who gets it.
#[test]
fn only_who_signs_or_checks_tokens_gets_their_key() {
    let template = template();
    let mut with_key = Vec::new();
    for (name, function) in functions(&template) {
        let own = &function["Properties"]["Environment"]["Variables"];
        let role = &template["Resources"][name.replace("Function", "Role")].to_string();
        let may_read = role.contains("secretsmanager:GetSecretValue");
        assert_eq!(own.get(shared::edge::lambda::TOKEN_KEY_SECRET).is_some(), may_read, "{name}");
        if may_read {
            with_key.push(name.as_str());
        }
    }
    assert_eq!(with_key, ["AuthorizerFunction", "MessageFunction", "PeopleFunction"]);
}

#[test]
fn the_websocket_api_has_the_routes_that_the_local_one_has() {
    let template = template();
    let api = &template["Resources"]["WebSocketApi"]["Properties"];
    let routes = api["Routes"].as_object().unwrap();
    let names: Vec<_> = routes.keys().map(String::as_str).collect();
    assert_eq!(names, ["$connect", "$default", "$disconnect"]);
    let response = &template["Resources"]["MessageRouteResponse"]["Properties"];
    assert_eq!(response["RouteId"]["!Ref"], "WebSocketApiDefaultRoute");
    // Without any of these nobody would hear an ack, or anybody would get in.
    assert_eq!(response["RouteResponseKey"], "$default");
    assert_eq!(api["Routes"]["$default"]["RouteResponseSelectionExpression"], "$default");
    assert_eq!(api["RouteSelectionExpression"], "$request.body.action");
    let auth = json!({ "AuthType": "CUSTOM", "AuthArn": { "!GetAtt": "AuthorizerFunction.Arn" } });
    assert_eq!(api["Auth"], auth);
    let http = &template["Resources"]["HttpApi"]["Properties"]["Auth"];
    assert_eq!(http["DefaultAuthorizer"], "Caller");
}

/// Killed before, a function would neither answer nor say what has failed. And API Gateway waits for 29
/// seconds, after which nobody hears an answer
/// (<https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html>).
#[test]
fn every_function_outlasts_a_request_to_the_table_and_no_caller_waits_in_vain() {
    let template = template();
    let default = template["Globals"]["Function"]["Timeout"].as_u64().unwrap();
    for (name, function) in functions(&template) {
        let timeout = function["Properties"]["Timeout"].as_u64().unwrap_or(default);
        assert!(timeout > Aws::TABLE_PATIENCE.as_secs(), "{name}");
        let follows_stream = function["Properties"]["Events"].to_string().contains("\"DynamoDB\"");
        assert!(follows_stream || timeout < 29, "{name}");
    }
}

/// What costs most before anybody has shown who they are is asked for most seldom.
#[test]
fn signing_in_is_throttled_more_than_the_rest() {
    let template = template();
    let http = &template["Resources"]["HttpApi"]["Properties"];
    let throttle = |rate: &str, burst: &str| json!({ "ThrottlingRateLimit": { "!Ref": rate }, "ThrottlingBurstLimit": { "!Ref": burst } });
    assert_eq!(http["DefaultRouteSettings"], throttle("ThrottleRate", "ThrottleBurst"));
    let websocket = &template["Resources"]["WebSocketApi"]["Properties"];
    assert_eq!(websocket["DefaultRouteSettings"], throttle("ThrottleRate", "ThrottleBurst"));
    let mut open = Vec::new();
    for (_, function) in functions(&template) {
        let events = function["Properties"]["Events"].as_object().into_iter().flat_map(Map::values);
        for route in events.map(|event| &event["Properties"]) {
            if route["Auth"]["Authorizer"] == "NONE" && route["Method"] == "POST" {
                open.push(format!("POST {}", route["Path"].as_str().unwrap()));
            }
        }
    }
    assert_eq!(http["RouteSettings"].as_object().unwrap().len(), open.len());
    for route in open {
        assert_eq!(http["RouteSettings"][&route], throttle("SignInRate", "SignInBurst"), "{route}");
    }
}

/// A handshake may have a token or a ticket in its query string, and a path has people's names.
#[test]
fn access_logs_have_no_tokens_and_no_paths() {
    let template = template();
    for api in ["WebSocketApi", "HttpApi"] {
        let logs = &template["Resources"][api]["Properties"]["AccessLogSettings"]["!If"][1];
        let format = logs["Format"].as_str().unwrap();
        let fields = serde_json::from_str::<Value>(format).unwrap();
        for (name, variable) in fields.as_object().unwrap() {
            let variable = variable.as_str().unwrap();
            assert!(variable.starts_with("$context."), "{api}: {name}");
            for secret in ["path", "query", "header", "body", "protocol", "claims"] {
                assert!(!variable.to_lowercase().contains(secret), "{api}: {name}");
            }
        }
    }
}

/// `sam build` does not hear of the parameters that `sam deploy --guided` asks for.
#[test]
fn no_parameter_decides_what_is_built() {
    let template = template();
    assert_eq!(template["Globals"]["Function"]["Architectures"], json!(["arm64"]));
    for (name, function) in functions(&template) {
        for built in ["Architectures", "Runtime", "Handler"] {
            assert_eq!(function["Properties"].get(built), None, "{name}");
        }
    }
}

/// What arrives while the mapping is made or changed is delivered, too.
#[test]
fn the_stream_is_followed_from_its_beginning() {
    let template = template();
    let events = &template["Resources"]["DeliverFunction"]["Properties"]["Events"];
    for event in events.as_object().unwrap().values() {
        assert_eq!(event["Properties"]["StartingPosition"], "TRIM_HORIZON");
    }
}

/// The table outlives the stack, but not a stack that never came to be.
#[test]
fn a_first_deployment_that_fails_leaves_no_table() {
    let template = template();
    assert_eq!(template["Resources"]["Table"]["DeletionPolicy"], "RetainExceptOnCreate");
    assert_eq!(template["Resources"]["Table"]["UpdateReplacePolicy"], "Retain");
}

#[test]
fn deliver_wakes_for_the_attributes_that_the_store_sets() {
    let template = template();
    let arrival = &template["Resources"]["DeliverFunction"]["Properties"]["Events"]["Arrival"];
    let filters = arrival["Properties"]["FilterCriteria"]["Filters"].as_array().unwrap();
    let images = filters.iter().map(|filter| {
        let pattern = filter["Pattern"].as_str().unwrap();
        serde_json::from_str::<Value>(pattern).unwrap()["dynamodb"]["NewImage"].clone()
    });
    let expected = [
        json!({ keys::ARRIVED: { "S": [{ "exists": true }] } }),
        json!({ keys::FAN_UNTIL: { "N": [{ "exists": true }] } }),
    ];
    assert_eq!(images.collect::<Vec<_>>(), expected);
}

/// Every route in the functions' sources is in the template, and the other way round.
#[test]
fn the_http_api_has_the_routes_of_the_functions() {
    let template = template();
    let mut deployed = BTreeSet::new();
    for (name, function) in functions(&template) {
        for event in function["Properties"]["Events"].as_object().into_iter().flat_map(Map::values)
        {
            if event["Type"] == "HttpApi" {
                let folder = name.replace("Function", "").to_lowercase();
                let path = event["Properties"]["Path"].as_str().unwrap().to_owned();
                let method = event["Properties"]["Method"].as_str().unwrap().to_lowercase();
                deployed.insert((folder, method, path));
            }
        }
    }
    let mut written = BTreeSet::new();
    for folder in folders() {
        let source = std::fs::read_to_string(format!("{ROOT}/functions/{folder}/src/lib.rs"));
        for route in source.unwrap().split(".route(\"").skip(1) {
            let (path, rest) = route.split_once("\", ").unwrap();
            let method = rest.split('(').next().unwrap().rsplit("::").next().unwrap();
            written.insert((folder.clone(), method.to_owned(), path.to_owned()));
        }
    }
    assert_eq!(deployed, written);
}

#[tokio::test]
async fn the_table_is_the_one_that_the_server_creates() {
    let chat = Chat::start().await;
    let (client, name) = chat.table();
    let created = client.describe_table().table_name(&name).send().await.unwrap();
    let created = created.table().unwrap();
    let key = |name: &str, kind: &str| json!({ "AttributeName": name, "KeyType": kind });
    let keys = |schema: &[aws_sdk_dynamodb::types::KeySchemaElement]| {
        schema.iter().map(|it| key(it.attribute_name(), it.key_type().as_str())).collect::<Value>()
    };
    let mut attributes: Vec<_> = created
        .attribute_definitions()
        .iter()
        .map(|it| json!({ "AttributeName": it.attribute_name(), "AttributeType": it.attribute_type().as_str() }))
        .collect();
    attributes.sort_by_key(Value::to_string);
    let index = &created.global_secondary_indexes()[0];

    let template = template();
    let deployed = &template["Resources"]["Table"]["Properties"];
    let mut expected = deployed["AttributeDefinitions"].as_array().unwrap().clone();
    expected.sort_by_key(Value::to_string);
    assert_eq!(attributes, expected);
    assert_eq!(keys(created.key_schema()), deployed["KeySchema"]);
    let indexes = deployed["GlobalSecondaryIndexes"].as_array().unwrap();
    assert_eq!((indexes.len(), created.global_secondary_indexes().len()), (1, 1));
    assert_eq!(index.index_name().unwrap(), indexes[0]["IndexName"]);
    assert_eq!(keys(index.key_schema()), indexes[0]["KeySchema"]);
    let projection = index.projection().unwrap().projection_type().unwrap().as_str();
    assert_eq!(projection, indexes[0]["Projection"]["ProjectionType"]);
    let stream = created.stream_specification().unwrap().stream_view_type().unwrap().as_str();
    assert_eq!(stream, deployed["StreamSpecification"]["StreamViewType"]);
    let expiry = client.describe_time_to_live().table_name(&name).send().await.unwrap();
    let expiry = expiry.time_to_live_description().unwrap().attribute_name().unwrap().to_owned();
    assert_eq!(expiry, deployed["TimeToLiveSpecification"]["AttributeName"]);
}

#[test]
fn every_setting_is_a_parameter_with_the_same_default_and_bounds() {
    let template = template();
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    for setting in &SETTINGS {
        let words = setting.variable.split('_');
        let parameter: String =
            words.map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase())).collect();
        assert_eq!(variables[setting.variable]["!Ref"], parameter.as_str());
        let declared = &template["Parameters"][&parameter];
        let default = match &declared["Default"] {
            Value::String(text) => text.clone(),
            number => number.to_string(),
        };
        assert_eq!(default, setting.default, "{parameter}");
        match setting.values {
            Values::Text => {}
            Values::Choice(choices) => assert_eq!(declared["AllowedValues"], json!(choices)),
            Values::Number { least, most } => {
                assert_eq!(declared["MinValue"], least, "{parameter}");
                assert_eq!(declared.get("MaxValue").and_then(Value::as_u64), most.map(u64::from));
            }
        }
    }
}

/// Each function that follows the table's stream gets the same records here and there.
#[tokio::test]
async fn the_local_event_sources_are_those_that_are_deployed() {
    let template = template();
    let mut deployed = BTreeMap::new();
    for (_, function) in functions(&template) {
        let function = &function["Properties"];
        let folder = function["CodeUri"].as_str().unwrap().strip_prefix("functions/").unwrap();
        let events = function["Events"].as_object().into_iter().flat_map(Map::values);
        for event in events.filter(|event| event["Type"] == "DynamoDB") {
            let source = &event["Properties"];
            let filters = source["FilterCriteria"]["Filters"].as_array().unwrap();
            let patterns = filters.iter().map(|filter| {
                let pattern = filter["Pattern"].as_str().unwrap();
                serde_json::from_str::<Value>(pattern).unwrap()
            });
            let patterns: Vec<_> = patterns.collect();
            deployed.insert(folder.to_owned(), json!([patterns, source["BatchSize"]]));
        }
    }
    let services = Services::new(
        config(&[("AUTH_MODE", "open")]),
        axum::Router::new(),
        str::to_owned,
        Arc::new(|_| ()),
    );
    let archive = Some(Archive::new(Arc::new(InMemory::new())));
    let app = App { archive, ..services.await.app(None) };
    let sources = local::Functions::new(&app).event_sources;
    let here = sources.into_iter();
    let here = here.map(|it| (it.name.to_owned(), json!([it.patterns, it.batch])));
    assert_eq!(here.collect::<BTreeMap<_, _>>(), deployed);
}
