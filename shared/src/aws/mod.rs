//! The one place that builds AWS SDK clients.
//!
//! Everything above uses real clients; what lies below them, the HTTP transport and the endpoints,
//! can be replaced through [`Aws`]: that is all that differs between Lambda, laptop and tests.

mod endpoints;
mod in_process;

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::retry::{ErrorKind, RetryConfig};
use aws_config::stalled_stream_protection::StalledStreamProtectionConfig;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_apigatewaymanagement::Client as ManagementClient;
use aws_sdk_dynamodb::Client as DynamoDbClient;
use aws_sdk_dynamodb::config::{Credentials, Region, SharedCredentialsProvider};
use aws_sdk_dynamodb::operation::delete_item::DeleteItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_secretsmanager::operation::get_secret_value::GetSecretValueError;
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_smithy_runtime_api::client::interceptors::SharedInterceptor;
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;
use aws_smithy_runtime_api::client::retries::classifiers::{ClassifyRetry, RetryAction};
use futures::future::try_join;
use secrecy::SecretString;

use self::endpoints::EnvironmentEndpoints;
use self::in_process::{Unannounced, Unsigned};
use crate::Error;
use crate::config::TokenKeys;
use crate::error::storage;

/// What SDK clients are made of; start from [`Aws::on_lambda`], [`Aws::from_env`] or [`Aws::local`].
#[derive(Clone, Debug)]
pub struct Aws {
    sdk: aws_config::SdkConfig,
    management: Option<SharedHttpClient>,
    interceptors: Vec<SharedInterceptor>,
    /// Whether every service is in this process.
    in_process: bool,
}

impl Aws {
    /// How long a request to the table may take, tries included: every function has to outlast it.
    pub const TABLE_PATIENCE: Duration = Duration::from_secs(12);

    /// Region, credentials and endpoints as Lambda puts them into a function's environment
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime>).
    /// Nothing is looked for elsewhere, so that functions stay small.
    pub fn on_lambda() -> Self {
        let credentials = EnvironmentVariableCredentialsProvider::new();
        let sdk = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(std::env::var("AWS_REGION").ok().map(Region::new))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .service_config(EnvironmentEndpoints)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self { sdk, management: None, interceptors: Vec::new(), in_process: false }
    }

    /// Region, credentials and endpoints from wherever the AWS CLI has them: the environment, profiles,
    /// roles.
    pub async fn from_env() -> Self {
        let sdk = aws_config::defaults(BehaviorVersion::latest())
            // Every request is short, and has a timeout.
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .load()
            .await;
        Self { sdk, management: None, interceptors: Vec::new(), in_process: false }
    }

    /// The same, with every service at `endpoint`.
    #[must_use]
    pub fn with_endpoint(self, endpoint: &str) -> Self {
        Self { sdk: self.sdk.into_builder().endpoint_url(endpoint).build(), ..self }
    }

    /// A DynamoDB at `url` that takes any credentials, as emulators do. `http://KEY@…` names the access
    /// key, of letters and digits: DynamoDB Local keeps a database for each
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/DynamoDBLocal.UsageNotes.html>).
    pub fn local(url: &str) -> Self {
        let (access_key, endpoint) = access_key_in(url);
        let credentials = Credentials::new(access_key, "local", None, None, "local");
        let sdk = aws_config::SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .endpoint_url(endpoint)
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .build();
        Self { sdk, management: None, interceptors: Vec::new(), in_process: false }
    }

    /// The same for services in this process: the clients of the table and of the management API leave
    /// out signatures and headers that only AWS looks at.
    #[must_use]
    pub fn in_process(self) -> Self {
        Self { in_process: true, ..self }
    }

    /// The same, over another HTTP transport, such as one inside this process.
    #[must_use]
    pub fn with_transport(self, transport: SharedHttpClient) -> Self {
        Self { sdk: self.sdk.into_builder().http_client(transport).build(), ..self }
    }

    /// The same, with only the management API over another HTTP transport, inside this process.
    #[must_use]
    pub fn with_management_transport(self, transport: SharedHttpClient) -> Self {
        Self { management: Some(transport), ..self }
    }

    /// The same, with `interceptor` around every request, to count or to disturb.
    #[must_use]
    pub fn with_interceptor(mut self, interceptor: SharedInterceptor) -> Self {
        self.interceptors.push(interceptor);
        self
    }

    /// The configuration that all clients share, for those of other services.
    pub fn sdk(&self) -> &aws_config::SdkConfig {
        &self.sdk
    }

    /// A secret in Secrets Manager by its ARN or name: its present version, and the one before it, which
    /// Secrets Manager keeps.
    pub async fn secrets(&self, id: &str) -> Result<TokenKeys, Error> {
        let versions = try_join(self.secret(id, "AWSCURRENT"), self.secret(id, "AWSPREVIOUS"));
        let (current, previous) = versions.await?;
        Ok(TokenKeys { current: current.ok_or(Error::Corrupt("a secret"))?, previous })
    }

    /// The text of one version of a secret; none if there is no such version.
    async fn secret(&self, id: &str, stage: &str) -> Result<Option<SecretString>, Error> {
        let config = aws_sdk_secretsmanager::config::Builder::from(&self.sdk)
            .timeout_config(timeouts(Duration::from_secs(3), Duration::from_secs(8)));
        let client = aws_sdk_secretsmanager::Client::from_conf(config.build());
        let asked = client.get_secret_value().secret_id(id).version_stage(stage).send().await;
        match asked {
            Ok(secret) => Ok(secret.secret_string.map(SecretString::from)),
            Err(error) => match error.as_service_error() {
                Some(GetSecretValueError::ResourceNotFoundException(_)) => Ok(None),
                _ => Err(storage("read a secret")(error)),
            },
        }
    }

    /// A client for the table: retries as the SDK does, but never hangs.
    pub fn dynamodb(&self) -> DynamoDbClient {
        let mut config = aws_sdk_dynamodb::config::Builder::from(&self.sdk)
            .retry_config(RetryConfig::standard().with_max_attempts(4))
            .retry_classifier(MetTransaction)
            .timeout_config(timeouts(Duration::from_secs(3), Self::TABLE_PATIENCE));
        if self.in_process {
            config = config.allow_no_auth().auth_scheme_resolver(Unsigned);
            config = config.interceptor(Unannounced);
        }
        for interceptor in &self.interceptors {
            config.push_interceptor(interceptor.clone());
        }
        DynamoDbClient::from_conf(config.build())
    }

    /// A client for the management API at `endpoint`, with a small budget of its own: a slow or
    /// failing connection must not hold up the others.
    pub fn management(&self, endpoint: &str) -> ManagementClient {
        let mut config = aws_sdk_apigatewaymanagement::config::Builder::from(&self.sdk)
            .endpoint_url(endpoint)
            .retry_config(
                RetryConfig::standard()
                    .with_max_attempts(2)
                    .with_initial_backoff(Duration::from_millis(100)),
            )
            .timeout_config(timeouts(Duration::from_millis(1500), Duration::from_secs(3)));
        if let Some(transport) = &self.management {
            config = config.http_client(transport.clone());
        }
        if self.in_process || self.management.is_some() {
            config = config.allow_no_auth().auth_scheme_resolver(Unsigned);
            config = config.interceptor(Unannounced);
        }
        for interceptor in &self.interceptors {
            config.push_interceptor(interceptor.clone());
        }
        ManagementClient::from_conf(config.build())
    }
}

/// Tries an update or a deletion again that met a transaction, which the SDK by itself takes for final:
/// nothing happened, and the transaction is over soon. A put is left to the log, which looks first.
#[derive(Debug)]
struct MetTransaction;

impl ClassifyRetry for MetTransaction {
    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let Some(Err(error)) = context.output_or_error() else {
            return RetryAction::NoActionIndicated;
        };
        let met = OrchestratorError::as_operation_error(error).is_some_and(|error| {
            let update = error
                .downcast_ref()
                .is_some_and(UpdateItemError::is_transaction_conflict_exception);
            update
                || error
                    .downcast_ref()
                    .is_some_and(DeleteItemError::is_transaction_conflict_exception)
        });
        if !met {
            return RetryAction::NoActionIndicated;
        }
        let pause = Duration::from_millis(fastrand::u64(20..80));
        RetryAction::retryable_error_with_explicit_delay(ErrorKind::TransientError, pause)
    }

    fn name(&self) -> &'static str {
        "met a transaction"
    }
}

fn timeouts(attempt: Duration, operation: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(attempt)
        .operation_timeout(operation)
        .build()
}

/// The access key that a URL names, or `local`, and the URL without it.
pub fn access_key_in(url: &str) -> (String, String) {
    let named = url.split_once("://").and_then(|(scheme, rest)| {
        let (access_key, host) = rest.split_once('@')?;
        Some((access_key.to_owned(), format!("{scheme}://{host}")))
    });
    named.unwrap_or_else(|| ("local".to_owned(), url.to_owned()))
}
