//! A layer around the SDK's HTTP client: sees every request, and decides what becomes of it.

use std::fmt;
use std::sync::Arc;

use aws_smithy_http_client::tls;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

type Call = dyn Fn(SharedHttpConnector, HttpRequest) -> HttpConnectorFuture + Send + Sync;

/// A client that does `call` with every request and the connector of `below`.
pub fn wrap(
    below: SharedHttpClient,
    call: impl Fn(SharedHttpConnector, HttpRequest) -> HttpConnectorFuture + Send + Sync + 'static,
) -> SharedHttpClient {
    SharedHttpClient::new(Layer { call: Arc::new(call), below })
}

/// A client or a connector, with the layer around it.
struct Layer<Below> {
    call: Arc<Call>,
    below: Below,
}

impl<Below: fmt::Debug> fmt::Debug for Layer<Below> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layer").field(&self.below).finish()
    }
}

impl HttpClient for Layer<SharedHttpClient> {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let below = self.below.http_connector(settings, components);
        SharedHttpConnector::new(Layer { call: Arc::clone(&self.call), below })
    }
}

impl HttpConnector for Layer<SharedHttpConnector> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        (self.call)(self.below.clone(), request)
    }
}

/// The transport that SDK clients have by themselves.
pub(crate) fn sockets() -> SharedHttpClient {
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::AwsLc);
    aws_smithy_http_client::Builder::new().tls_provider(provider).build_https()
}
