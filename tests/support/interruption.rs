//! Functions without doors, of which one is interrupted by another: at each of its requests in turn,
//! the whole other happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use axum::Router;
use dynoxide::Database;
use futures::future::BoxFuture;
use local::http_layer::wrap;
use local::in_process::InProcess;
use shared::aws::Aws;
use shared::{App, Clock, Config};

/// What is done to the body of every request, to leave a condition out and see that it is missed.
pub(crate) type Change = fn(&str) -> String;

/// Sees the body of every request to the table and to API Gateway when it is made.
pub(crate) type Watch = Arc<dyn Fn(&str) + Send + Sync>;

/// Services that functions are run against one by one.
#[derive(Clone)]
pub(crate) struct Services {
    in_process: Arc<InProcess>,
    config: Config,
    change: Change,
    watch: Watch,
}

/// What happens before a request is made, and before which.
#[derive(Clone)]
pub(crate) struct Interruption {
    at: usize,
    requests: Arc<AtomicUsize>,
    intrusion: Arc<dyn Fn() -> BoxFuture<'static, ()> + Send + Sync>,
}

impl Services {
    /// An empty table, and `management` for API Gateway.
    pub(crate) async fn new(
        config: Config,
        management: Router,
        change: Change,
        watch: Watch,
    ) -> Self {
        let in_process = Arc::new(InProcess::default());
        in_process.serve_dynamodb(Database::memory().unwrap());
        in_process.serve_management(management);
        let services = Self { in_process, config, change, watch };
        services.app(None).store.create_table().await.unwrap();
        services
    }

    /// A function, which perhaps is interrupted.
    pub(crate) fn app(&self, interruption: Option<&Interruption>) -> App {
        let (change, interruption) = (self.change, interruption.cloned());
        let watch = Arc::clone(&self.watch);
        let call = move |below: SharedHttpConnector, mut request: HttpRequest| {
            let body = change(&String::from_utf8_lossy(request.body().bytes().unwrap_or_default()));
            *request.body_mut() = SdkBody::from(body.as_str());
            let (interruption, watch) = (interruption.clone(), Arc::clone(&watch));
            HttpConnectorFuture::new(async move {
                if let Some(interruption) = interruption {
                    interruption.comes().await;
                }
                watch(&body);
                below.call(request).await
            })
        };
        let transport = wrap(self.in_process.transport(), call);
        let aws = Aws::local("http://dynamodb").with_transport(transport);
        App::new(self.config.clone(), &aws, Clock::system()).unwrap()
    }
}

impl Interruption {
    /// `intrusion`, before the `at`th request from now on.
    pub(crate) fn new(
        at: usize,
        intrusion: impl Fn() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self { at, requests: Arc::default(), intrusion: Arc::new(intrusion) }
    }

    /// Whether there were as many requests.
    pub(crate) fn came(&self) -> bool {
        self.requests.load(Ordering::SeqCst) > self.at
    }

    async fn comes(&self) {
        if self.requests.fetch_add(1, Ordering::SeqCst) == self.at {
            // On a stack of its own: that of what is interrupted is deep already.
            tokio::spawn((self.intrusion)()).await.unwrap();
        }
    }
}

/// The settings of functions run so, with `others` beside what each needs.
pub(crate) fn config(others: &[(&str, &str)]) -> Config {
    Config::from_variables(|name| match name {
        "TABLE_NAME" => Some("confab".into()),
        name if name.starts_with("AWS_ENDPOINT") => Some("http://management".into()),
        name => {
            let other = others.iter().find(|(other, _)| *other == name);
            other.map(|(_, value)| (*value).to_owned())
        }
    })
    .unwrap()
}
